export class Login {}
