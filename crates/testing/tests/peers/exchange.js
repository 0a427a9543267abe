// What a client of JavaScript does with the server, in a browser as in Node; what comes of it is judged by the test.

const TEXT = "grüße, 世界 🌊";
const LONG = TEXT.repeat(100);
// As long as a reason may be, 123 bytes.
const REASON = "☃".repeat(41);

/** A WebSocket whose messages and whose end can be waited for. */
class Talk {
  /** - `socket`: by the interface that browsers have. */
  static async with(socket) {
    const talk = new Talk(socket);
    const failed = talk.closed.then((close) => Promise.reject(new Error(`${socket.url}: ${JSON.stringify(close)}`)));
    failed.catch(() => {});
    await Promise.race([new Promise((resolve) => (socket.onopen = resolve)), failed]);
    return talk;
  }

  constructor(socket) {
    const messages = [], waiting = [];
    socket.binaryType = "arraybuffer";
    socket.onerror = () => {};
    socket.onmessage = ({ data }) => {
      messages.push(data);
      waiting.shift()?.(messages.shift());
    };
    this.socket = socket;
    this.next = () =>
      messages.length > 0 ? Promise.resolve(messages.shift()) : new Promise((resolve) => waiting.push(resolve));
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason, wasClean }) => resolve([code, reason, wasClean]);
    });
  }

  ask(message) {
    this.socket.send(message);
    return Promise.race([this.next(), this.closed.then((close) => `closed by ${close}`)]);
  }

  close(...why) {
    this.socket.close(...why);
    return this.closed;
  }
}

/**
 * - `url`: of the server.
 * - `connect`: makes a WebSocket of a URL.
 * - `more`: what else to do with one that is echoed; adds to the report.
 */
async function exchange(url, connect, more = async () => {}) {
  const report = {};
  const echo = await Talk.with(connect(`${url}/echo`));
  // Some tell the parameters, and some only the name.
  report.extensions = echo.socket.extensions.split(";")[0];
  report.text = await echo.ask(TEXT);
  report.empty = await echo.ask("");
  report.binary = bytes(await echo.ask(new Uint8Array([0, 1, 127, 128, 255])));
  report.large = isLarge(await echo.ask(large()));
  await more(echo, report);
  report.closed = await echo.close(4001, REASON);

  const fragments = await Talk.with(connect(`${url}/fragments`));
  report.in_fragments = await fragments.ask(LONG);
  report.binary_in_fragments = bytes(await fragments.ask(new Uint8Array(1000))).length;
  report.closed_bare = await fragments.close();

  const closing = await Talk.with(connect(`${url}/close`));
  closing.socket.send("please");
  report.closed_by_server = await closing.closed;

  const pings = await Talk.with(connect(`${url}/pings`));
  report.pinged = await pings.next();
  await pings.close(1000);

  const limited = await Talk.with(connect(`${url}/limited`));
  limited.socket.send(new Uint8Array(1 << 20));
  report.too_much = (await limited.closed)[0];
  return report;
}

function bytes(data) {
  return [...new Uint8Array(data)];
}

/** 16 MiB that can be compressed, and nowhere repeat themselves for long. */
function large() {
  const data = new Uint8Array(16 << 20);
  for (let i = 0; i < data.length; i += 1) data[i] = (i >> 4) ^ (i >> 16);
  return data;
}

function isLarge(data) {
  const got = new Uint8Array(data), sent = large();
  return got.length === sent.length && got.every((byte, i) => byte === sent[i]);
}

if (typeof module !== "undefined") module.exports = { exchange, TEXT, LONG, REASON };
