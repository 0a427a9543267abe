// Echoes, in fragments, closes or pings, by the path; says in lines of JSON where it listens and how a connection ends.

const { WebSocketServer } = require("ws");
const { REASON } = require("../exchange.js");

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: true, maxPayload: 16 << 20 });
const say = (line) => console.log(JSON.stringify(line));

const paths = {
  "/echo"(socket) {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on("ping", (payload) => socket.send(`ping: ${payload}`));
  },

  "/fragments"(socket) {
    socket.on("message", (data, binary) => {
      for (let at = 0; at < data.length; at += 7) {
        socket.send(data.subarray(at, at + 7), { binary, fin: at + 7 >= data.length });
      }
    });
  },

  "/close"(socket) {
    socket.on("message", () => socket.close(4002, REASON));
  },

  "/pings"(socket) {
    socket.on("pong", (payload) => socket.send(`pong: ${payload}`));
    socket.ping("are you there?");
  },
};

server.on("connection", (socket, { url }) => {
  socket.on("close", (code, reason) => say({ path: url, code, reason: reason.toString() }));
  paths[url](socket);
});
server.on("listening", () => say({ port: server.address().port }));
