// Two hundred prices. An EventSource has them as they are; four readers of the same, over a WebSocket each, are as slow as
// the slider says, and show what their outboxes make of that. Both transports say the same words.

import { Grid, Spark, Stale } from "/cells.js";

const $ = (id) => document.getElementById(id);

const MANNERS = {
  drop_oldest: ["Drop oldest", "New ones in, old ones out: few wait long, and most of what came in between is missing."],
  drop_newest: ["Drop newest", "What waits is kept, and what comes is not: it gets the old ones first, and then a wide gap."],
  latest_by_key: ["Latest by key", "One place for each symbol, and its newest price in it: always room, and nothing missing that counts."],
  disconnect: ["Disconnect", "Who cannot keep up is ended and told why, comes back, and begins with all prices anew."],
};
/** Changes a second that the slider offers; null is as fast as they come. */
const RATES = [0, 5, 10, 20, 40, 60, 80, 95, null];
/** How often a reader is told how its outbox stands. */
const PER_SECOND = 4;
/** What charts go up to: an outbox holds so many, and so many are published a second. */
const TOPS = { waiting: 256, dropped: 100, conflated: 100 };

export class Ticker {
  constructor() {
    this.prices = [];
    this.grid = new Grid($("prices"));
    this.readers = Object.keys(MANNERS).map((policy) => new Reader(policy, this));
    $("ticker-start").addEventListener("click", () => this.source ? this.#stop() : this.#start());
    $("rate").max = RATES.length - 1;
    $("rate").addEventListener("input", () => {
      this.#pace();
      for (const reader of this.readers) reader.pace();
    });
    this.#pace();
  }

  get rate() {
    return RATES[$("rate").value];
  }

  #pace() {
    const text = this.rate === null ? "as fast as they come" : this.rate ? `${this.rate} changes a second` : "nothing: stalled";
    $("rate-text").textContent = text;
    $("rate").setAttribute("aria-valuetext", text);
  }

  #start() {
    $("ticker").dataset.running = "";
    $("ticker-start").textContent = "Stop";
    state($("ticker-state"), "connecting");
    let seen = [];
    this.source = new EventSource("/ticker");
    this.source.onopen = () => state($("ticker-state"), "open");
    // It comes back by itself, unless it was refused.
    this.source.onerror = () => this.source.readyState === EventSource.CLOSED ? this.#stop() : state($("ticker-state"), "connecting");
    this.source.onmessage = ({ data }) => {
      const { prices, change, stats } = JSON.parse(data);
      if (prices) this.grid.fill((this.prices = prices));
      else if (change) this.grid.move(change[0], this.prices[change[0]], (this.prices[change[0]] = change[1]));
      else if (stats) {
        const { delivered, waiting, oldest_ms, dropped } = stats;
        // Over a second, unless another connection counts from zero again.
        if (delivered < seen.at(-1)?.delivered) seen = [];
        seen = [...seen.slice(-4), { delivered, at: performance.now() }];
        const [first, last] = [seen[0], seen.at(-1)];
        const speed = seen.length > 1 ? Math.round((last.delivered - first.delivered) * 1000 / (last.at - first.at)) : "–";
        show({ speed, delivered, waiting, oldest: age(oldest_ms), dropped }, (id) => $(`ticker-${id}`));
      }
    };
    for (const reader of this.readers) reader.open();
  }

  #stop() {
    delete $("ticker").dataset.running;
    $("ticker-start").textContent = "Start";
    state($("ticker-state"), "idle");
    this.source.close();
    this.source = null;
    this.grid.rest();
    for (const reader of this.readers) reader.close();
  }
}

/** A reader that is slow. What it has lost is added up over its connections. */
class Reader {
  constructor(policy, ticker) {
    this.policy = policy;
    this.ticker = ticker;
    this.before = { dropped: 0, conflated: 0 };
    this.now = { dropped: 0, conflated: 0 };
    this.ends = 0;
    const panel = $("reader").content.firstElementChild.cloneNode(true);
    panel.id = `reader-${policy}`;
    this.part = (name) => panel.querySelector(`[data-part="${name}"]`);
    [this.part("name").textContent, this.part("about").textContent] = MANNERS[policy];
    // Only there it has the colours of the page.
    $("readers").append(panel);
    this.map = new Stale(this.part("map"));
    this.charts = Object.fromEntries(
      ["waiting", "oldest", "dropped", "conflated"].map((name) => [name, new Spark(this.part(name).closest("div").querySelector("svg"))]));
    state(this.part("state"), "idle");
  }

  open() {
    clearInterval(this.away);
    const rate = this.ticker.rate;
    const address = new URL(`/ticker/socket?policy=${this.policy}${rate === null ? "" : `&rate=${rate}`}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    state(this.part("state"), "connecting");
    this.socket = new WebSocket(address);
    this.asked = rate;
    this.socket.addEventListener("open", () => this.pace());
    this.socket.addEventListener("message", ({ data }) => this.#hear(JSON.parse(data)));
    this.socket.addEventListener("close", (event) => this.#closed(event));
  }

  close() {
    clearTimeout(this.timer);
    clearInterval(this.away);
    const socket = this.socket;
    this.socket = null;
    this.before = this.now;
    socket?.close();
    state(this.part("state"), "idle");
  }

  pace() {
    if (this.socket?.readyState !== WebSocket.OPEN || this.asked === this.ticker.rate) return;
    this.asked = this.ticker.rate;
    this.socket.send(JSON.stringify({ rate: this.asked }));
  }

  #hear({ reader, prices, change, lagged, conflated, ended, stats }) {
    if (reader) [this.comeBack, this.failures] = [reader.come_back_ms, 0];
    else if (prices) {
      this.prices = prices;
      state(this.part("state"), "open");
    } else if (change) this.prices[change[0]] = change[1];
    else if (lagged) this.told = `${lagged} missing here`;
    else if (conflated) this.told = `the next replaces ${conflated}`;
    else if (ended) {
      this.ends += 1;
      this.#tell(`ended for ${ended.reason}, ${ended.dropped} missing`);
    } else if (stats) this.#stats(stats);
  }

  #stats({ waiting, oldest_ms, dropped, conflated }) {
    const was = this.now;
    this.now = { dropped: this.before.dropped + dropped, conflated: this.before.conflated + conflated };
    show({ waiting, oldest: age(oldest_ms), ...this.now }, this.part);
    if (this.told) this.#tell(this.told);
    this.told = null;
    const lost = Object.fromEntries(["dropped", "conflated"].map((of) => [of, (this.now[of] - was[of]) * PER_SECOND]));
    this.#draw({ waiting, oldest: oldest_ms ?? 0, ...lost });
  }

  /** Draws all charts one step further, and which of its prices are out of date by now. */
  #draw(levels) {
    for (const [name, chart] of Object.entries(this.charts)) {
      // Ages are drawn to the same scale for all readers.
      const top = TOPS[name] ?? Math.max(4000, ...this.ticker.readers.map(({ charts }) => charts.oldest.most));
      chart.add(levels[name] ?? 0, top);
    }
    if (this.prices) this.part("stale").textContent = this.map.draw(this.prices, this.ticker.prices);
  }

  #tell(text) {
    this.part("told").textContent = this.ends ? `${text} · ended ${this.ends === 1 ? "once" : `${this.ends} times`}` : text;
  }

  /** Comes back by itself, after a time of its own choice, and longer each time it fails. */
  #closed({ target, code }) {
    if (target !== this.socket) return;
    this.before = this.now;
    const [least, most] = this.comeBack ?? [1000, 2000];
    const delay = (least + Math.random() * (most - least)) * 2 ** Math.min(this.failures ?? 0, 4);
    this.failures = (this.failures ?? 0) + 1;
    state(this.part("state"), "connecting", `back in ${(delay / 1000).toFixed(1)} s`, `closed: ${code}`);
    show({ waiting: 0, oldest: age(null) }, this.part);
    // Time goes on without it.
    this.away = setInterval(() => this.#draw({}), 1000 / PER_SECOND);
    this.timer = setTimeout(() => this.open(), delay);
  }
}

function show(values, part) {
  for (const [name, value] of Object.entries(values)) part(name).textContent = value;
}

function state(pill, name, text = { open: "reading", connecting: "connecting", idle: "idle" }[name], title = "") {
  pill.dataset.state = name;
  pill.textContent = text;
  pill.title = title;
}

const age = (ms) => ms === null ? "–" : ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
