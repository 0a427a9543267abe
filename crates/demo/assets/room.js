// The room: a WebSocket, over whichever version of HTTP the browser has chosen. How it ends, it says itself; to come
// back is for the page.

const KEEP = 200;
const LONGEST = 30_000;

const $ = (id) => document.getElementById(`room-${id}`);

export class Room {
  #room = null;
  #last = 0;
  #you = null;
  #said = "";
  #about = "";
  #generation = null;
  #closedAt = null;
  #failures = 0;
  #comeBack = [1000, 2000];

  /** `client` is a name that stays the same while the page is open. The server pings every two seconds. */
  constructor(client) {
    this.url = `${location.origin.replace(/^http/, "ws")}/room?client=${client}&hb=2`;
    $("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say($("text").value);
    });
    this.#open();
  }

  #open() {
    state("connecting", "connecting");
    const socket = (this.socket = new WebSocket(this.url));
    socket.addEventListener("message", ({ data }) => {
      const [[kind, value]] = Object.entries(JSON.parse(data));
      this.#hear[kind]?.(value);
    });
    socket.addEventListener("close", (event) => this.#closed(event));
  }

  /** By the one key of what the server says. Lines that were missed are seen by their numbers, for whatever reason. */
  #hear = {
    joined: (joined) => this.#joined(joined),
    line: (line) => this.#line(line),
    members: (members) => { $("members").textContent = members; },
    round_trip_ms: (ms) => { $("trip").textContent = ms < 10 ? `${ms.toFixed(2)} ms` : `${Math.round(ms)} ms`; },
    refused: (why) => {
      hint(`Not passed on: ${why}.`);
      // To be made better, unless the next line is begun already.
      if (!$("text").value) $("text").value = this.#said;
    },
  };

  #joined({ room, transport, generation, you, members, come_back_ms }) {
    const isNew = this.#room !== null && this.#room !== room;
    if (isNew) {
      // Of a server that was started anew, whose lines count from one again.
      this.#last = 0;
      $("lines").replaceChildren();
    }
    if (this.#closedAt !== null) {
      const how = isNew ? ", in a new room" : generation === this.#generation ? "" : `, with generation ${generation}`;
      note(`back after ${seconds(Date.now() - this.#closedAt)}${how}`);
    }
    [this.#room, this.#you, this.#generation, this.#comeBack] = [room, you, generation, come_back_ms];
    this.#closedAt = null;
    this.#failures = 0;
    for (const [id, value] of Object.entries({ transport, members, you })) $(id).textContent = value;
    state("open", "open");
    this.#about = transport === "HTTP/2"
      ? "One stream of the connection that this page came over: an extended CONNECT. A deploy closes it with 1012, and the page comes back."
      : "A connection of its own, upgraded from HTTP/1.1. A deploy closes it with 1012, and the page comes back.";
    hint(this.#about);
  }

  #line({ number, who, text }) {
    if (number <= this.#last) return;
    const missed = number - this.#last - 1;
    if (this.#last && missed) note(`${missed} ${missed === 1 ? "line" : "lines"} missed`);
    this.#last = number;
    const row = document.createElement("li");
    row.classList.toggle("own", who === this.#you);
    const name = document.createElement("b");
    name.textContent = who;
    const words = document.createElement("span");
    words.dir = "auto";
    words.textContent = text;
    row.append(name, words);
    add(row);
  }

  #say(text) {
    if (!text.trim() || this.socket.readyState !== WebSocket.OPEN) return;
    this.#said = text;
    this.socket.send(JSON.stringify({ text }));
    $("text").value = "";
    hint(this.#about);
  }

  #closed({ code, reason }) {
    const why = reason ? `${code}, ${reason}` : code === 1006 ? "1006, gone without a word" : `${code}`;
    const wasOpen = !$("send").disabled;
    if (wasOpen) note(`closed: ${why}`);
    this.#closedAt ??= Date.now();
    for (const id of ["members", "trip"]) $(id).textContent = "–";
    // From a range, so that those who lost it together do not come back together; and longer each time it fails.
    const [least, most] = this.#comeBack;
    const delay = Math.min(LONGEST, (least + Math.random() * (most - least)) * 2 ** this.#failures);
    this.#failures += 1;
    const at = Date.now() + delay;
    const wait = () => {
      const left = at - Date.now();
      if (left <= 0) return this.#open();
      state("connecting", `back in ${seconds(left)}`);
      setTimeout(wait, Math.min(left, 100));
    };
    hint(wasOpen
      ? `Closed: ${why}. The page comes back by itself after ${seconds(delay)}.`
      : `Nobody lets it in. The page tries again after ${seconds(delay)}.`);
    wait();
  }
}

function state(name, text) {
  $("state").dataset.state = name;
  $("state").textContent = text;
  $("send").disabled = name !== "open";
}

function hint(text) {
  $("hint").textContent = text;
}

function note(text) {
  const row = document.createElement("li");
  row.className = "note";
  row.textContent = text;
  add(row);
}

/** Keeps to the end, unless somebody has scrolled up to read. */
function add(row) {
  const lines = $("lines");
  const follows = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 8;
  lines.append(row);
  while (lines.childElementCount > KEEP) lines.firstChild.remove();
  if (follows) lines.scrollTop = lines.scrollHeight;
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
