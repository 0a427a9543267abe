// A login for streams: what a page does that has a session in a cookie, and wants streams that are let in by tickets.

const $ = (id) => document.getElementById(`login-${id}`);
const JSON_TYPE = { "Content-Type": "application/json" };
const STREAM = { Accept: "text/event-stream" };
const KEEP = 200;

export class Login {
  #name = null;
  #logged = 0;
  #logging = null;

  constructor() {
    this.stream = new Door("stream", () => this.#changed());
    this.socket = new Door("socket", () => this.#changed());
    $("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run(() => this.#logIn($("name").value));
    });
    for (const [id, press] of Object.entries({
      connect: () => this.#connect(),
      drop: () => this.#drop(),
      replay: () => this.#replay(),
      revoke: () => this.#revoke(),
      out: () => this.#logOut(),
    })) $(id).addEventListener("click", () => this.#run(press));
    this.#run(() => this.#look());
  }

  /** One thing at a time; whatever it was, the server's log tells of it. */
  async #run(action) {
    this.busy = true;
    this.#show();
    try {
      await action();
    } catch (error) {
      hint(error instanceof Refused ? `${error.message}.` : "The server cannot be reached.");
      if (error instanceof Refused && error.status === 401) await this.#look().catch(() => {});
    }
    this.busy = false;
    this.#show();
    await this.#log();
  }

  /** The page cannot read the cookie, so it asks. */
  async #look() {
    this.#name = (await ask("GET", "/login")).name;
  }

  async #logIn(name) {
    this.#name = (await ask("POST", "/login", JSON.stringify({ name }))).name;
    hint("Logged in, by a cookie that no script can read. Connect asks with it for two tickets, and opens a stream with each.");
  }

  async #connect() {
    if (!this.stream.isOpen) await this.#openStream();
    if (!this.socket.isOpen) await this.#openSocket();
    hint("Both tickets are spent: each has opened one stream, and nothing any more. What is found of them in a log is worth nothing.");
  }

  async #openStream() {
    const door = this.stream;
    const ticket = await door.mint();
    const source = new EventSource(`/login/feed?ticket=${ticket}`);
    door.opens(() => source.close());
    source.addEventListener("hello", () => {
      const away = door.opened();
      if (away !== null) {
        hint(`Back after ${seconds(away)}. The browser has come by itself, with the same URL, whose ticket is spent. It was let in by a cookie that resumes this one stream, which came with it.`);
      }
    });
    source.addEventListener("seconds", ({ data }) => door.seconds(JSON.parse(data).seconds));
    source.addEventListener("ended", ({ data }) => {
      // Its `retry` keeps the browser away for a year; a page that knows better lets go.
      source.close();
      door.closed(`ended: ${data}`);
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) door.closed("refused; the browser does not ask again");
      else door.lost("cut in the middle of an event; the browser asks again by itself");
    });
    await door.settled();
  }

  async #openSocket() {
    const door = this.socket;
    const ticket = await door.mint();
    const url = `${location.origin.replace(/^http/, "ws")}/login/socket`;
    const socket = new WebSocket(url, ["demo.login.v1", `lw.ticket.${ticket}`]);
    door.opens(() => socket.close());
    socket.addEventListener("open", () => door.opened());
    socket.addEventListener("message", ({ data }) => {
      const { seconds } = JSON.parse(data);
      if (seconds !== undefined) door.seconds(seconds);
    });
    socket.addEventListener("close", ({ code, reason }) =>
      door.closed(code === 1006 ? "1006, gone without a word" : `closed: ${code}${reason && `, ${reason}`}`));
    await door.settled();
  }

  async #drop() {
    const { streams } = await ask("POST", "/login/drop");
    hint(streams ? "Cut. The browser waits as long as it was told to, and comes back…" : "There is no event stream to cut.");
  }

  /** As the page itself, cookies and all; and as somebody who has found the URL and has no cookies. */
  async #replay() {
    const told = [];
    const tries = [[this.socket, "same-origin", "the socket’s, from this page with all its cookies"], [this.stream, "omit", "the stream’s, as from a log, by somebody without them"]];
    for (const [door, credentials, what] of tries) {
      if (!door.ticket) continue;
      const answer = await fetch(`/login/feed?ticket=${door.ticket}`, { headers: STREAM, credentials, cache: "no-store" });
      const code = answer.ok ? "let in" : (await answer.json()).code;
      await answer.body?.cancel().catch(() => {});
      told.push(`${answer.status} ${code}: ${what}`);
    }
    hint(`Tried again. ${told.join(" · ")}.`);
  }

  async #revoke() {
    const { streams } = await ask("POST", "/login/revoke");
    hint(`Taken back, in every browser where ${this.#name} is logged in: ${count(streams, "stream")} ended, and tickets on their way open nothing.`);
    this.#name = null;
  }

  async #logOut() {
    const { streams } = await ask("POST", "/login/logout");
    hint(`Logged out: ${count(streams, "stream")} of this login ended with it.`);
    this.#name = null;
  }

  /** What is open may have ended because somebody logged out in another window. */
  #changed() {
    this.#show();
    if (this.busy) return;
    if (!this.stream.isOpen && !this.socket.isOpen) this.#look().catch(() => {}).then(() => this.#show());
    this.#log();
  }

  #show() {
    const { stream, socket, busy } = this;
    const isIn = this.#name !== null;
    $("state").dataset.state = isIn ? "open" : "idle";
    $("state").textContent = isIn ? this.#name : "nobody";
    $("form").hidden = isIn;
    $("actions").hidden = !isIn;
    $("enter").disabled = busy;
    $("connect").disabled = busy || (stream.isOpen && socket.isOpen);
    $("drop").disabled = busy || !stream.isLive;
    $("replay").disabled = busy || !(stream.isSpent && socket.isSpent);
    $("revoke").disabled = $("out").disabled = busy;
  }

  /** Shows the lines that are new. Whoever asks while that goes on gets the ones after. */
  async #log() {
    if (this.#logging) return this.#logging.again = true;
    do {
      this.#logging = { again: false };
      const told = await ask("GET", `/login/log?after=${this.#logged}`).catch(() => ({ lines: [] }));
      if (told.last < this.#logged) {
        // Of a server that was started anew, which counts from one again.
        this.#logged = 0;
        this.#logging.again = true;
        $("log").replaceChildren();
        continue;
      }
      for (const line of told.lines) {
        this.#logged = line.number;
        write(line);
      }
    } while (this.#logging.again);
    this.#logging = null;
  }
}

/** A stream with its ticket, as the page shows them. */
class Door {
  #name; #changed; #close; #settle; #count = 0; #lostAt = null;
  ticket = null;
  isOpen = false;
  isLive = false;
  isSpent = false;

  constructor(name, changed) {
    this.#name = name;
    this.#changed = changed;
    this.#state("idle", "not open");
  }

  /** Gets a ticket, of which the page shows nothing that would be of use to anybody. */
  async mint() {
    this.#told("asking for a ticket…");
    const answer = await ask("POST", "/login/ticket");
    this.ticket = answer.ticket;
    this.isSpent = false;
    this.#count = 0;
    this.#lostAt = null;
    this.#part("ticket").textContent = `${this.ticket.slice(0, 5)}… ${await fingerprint(this.ticket)}`;
    this.#use("made", `made, good for ${answer.expires_in} s`);
    for (const part of ["seconds", "times"]) this.#part(part).textContent = "0";
    return this.ticket;
  }

  opens(close) {
    this.#close = close;
    this.isOpen = true;
    this.#state("connecting", "connecting");
    this.#told("");
  }

  /** Let in; returns for how long it was away if it was open before. */
  opened() {
    const away = this.#lostAt === null ? null : Date.now() - this.#lostAt;
    this.#lostAt = null;
    this.#count += 1;
    this.isLive = this.isSpent = true;
    this.#use("spent", "spent");
    this.#part("times").textContent = this.#count;
    this.#state("open", "open");
    this.#told(this.#count > 1 ? "back: the same URL, its ticket spent, and a cookie" : "let in by the ticket");
    this.#end();
    return away;
  }

  seconds(seconds) {
    this.#part("seconds").textContent = seconds;
  }

  lost(why) {
    this.#lostAt ??= Date.now();
    this.isLive = false;
    this.#state("connecting", "reconnecting");
    this.#told(why);
    this.#end();
  }

  closed(why) {
    if (!this.isOpen) return;
    this.isOpen = this.isLive = false;
    this.#close?.();
    this.#state("stopped", "ended");
    this.#told(why);
    this.#end();
  }

  /** Until it is let in, or is not. */
  settled() {
    return new Promise((done) => { this.#settle = done; });
  }

  #end() {
    this.#settle?.();
    this.#settle = null;
    this.#changed();
  }

  #state(state, text) {
    this.#part("state").dataset.state = state;
    this.#part("state").textContent = text;
  }

  #use(use, text) {
    this.#part("use").className = `tag ${use}`;
    this.#part("use").textContent = text;
  }

  #told(text) {
    this.#part("told").textContent = text;
  }

  #part(part) {
    return $(`${this.#name}-${part}`);
  }
}

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(method, path, body) {
  const headers = method === "POST" ? JSON_TYPE : {};
  const answer = await fetch(path, { method, headers, body, cache: "no-store" });
  if (answer.ok) return answer.json();
  const said = (await answer.text()).trim();
  throw new Refused(answer.status, `${answer.status}: ${said.startsWith("{") ? JSON.parse(said).code : said}`);
}

/** What the server's log calls a ticket: the beginning of its id's hash, which leads nobody back to it. */
async function fingerprint(ticket) {
  // Only where the page is from a trustworthy origin, which a server on this machine is.
  if (!crypto.subtle) return "";
  const text = atob(ticket.slice(5).replaceAll("-", "+").replaceAll("_", "/"));
  const id = Uint8Array.from(text.slice(24, 40), (char) => char.charCodeAt(0));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", id));
  return Array.from(hash.slice(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function write({ at, what, status, headers }) {
  const pane = $("log");
  const follows = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 8;
  const row = document.createElement("li");
  const part = (name, text, className) => {
    const node = row.appendChild(document.createElement(name));
    node.textContent = text;
    node.className = className;
  };
  part("time", new Date(at).toLocaleTimeString("en-GB"), "dim");
  part("b", status ?? "", status >= 400 ? "refused" : "");
  part("span", what, status === null ? "dim" : "");
  part("span", headers, "dim");
  pane.append(row);
  while (pane.childElementCount > KEEP) pane.firstChild.remove();
  if (follows) pane.scrollTop = pane.scrollHeight;
}

function hint(text) {
  $("hint").textContent = text;
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
