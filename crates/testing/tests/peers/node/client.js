// The exchange with a server whose URL is the argument; the report is a line of JSON.

const { WebSocket } = require("ws");
const { exchange, LONG } = require("../exchange.js");

const pings = [];

function connect(url) {
  const socket = new WebSocket(url);
  socket.on("ping", (payload) => pings.push(payload.toString()));
  return socket;
}

async function more(echo, report) {
  const { socket } = echo;
  const text = Buffer.from(LONG);
  socket.send(text.subarray(0, 1001), { binary: false, fin: false });
  // Between two fragments there is room for a ping.
  const pong = new Promise((resolve) => socket.once("pong", (payload) => resolve(payload.toString())));
  socket.ping("hello?");
  socket.send(text.subarray(1001, 1003), { fin: false });
  report.fragmented = await echo.ask(text.subarray(1003));
  report.pong = await pong;
}

exchange(process.argv[2], connect, more).then((report) => {
  console.log(JSON.stringify({ ...report, ping: pings[0] }));
});
