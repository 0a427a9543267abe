// Three things that happen to streams, on streams of their own. What became of them, the server tells: its stats
// come by the page's own stream, as events without an id.

const $ = (id) => document.getElementById(id);

export class Trials {
  /** `client` is the name of the streams opened here; `feed` tells how the page's own stream does. */
  constructor(client, feed) {
    this.client = client;
    this.feed = feed;
    this.seen = 0;
    $("stall").addEventListener("click", () => this.#stop());
    $("quiet").addEventListener("click", () => this.#quiet ? this.#hangUp() : this.#goSilent());
    $("deploy").addEventListener("click", () => this.#deploy());
  }

  #stalled = null;
  #quiet = null;
  #deployed = null;
  #paused = false;

  get deploying() {
    return this.#deployed !== null;
  }

  /** Without the page's own stream there is nobody to tell how a trial goes. */
  pause(paused) {
    this.#paused = paused;
    $("tally").classList.toggle("stale", paused);
    if (paused && this.#stalled) {
      this.#stalled.abort.abort();
      this.#stalled = null;
      say("stall", "idle", "");
    }
    if (paused && this.#deployed) {
      this.#deployed = null;
      say("deploy", "idle", "");
    }
    this.#buttons();
  }

  stats(stats) {
    const { open, opened, closed, refused, beats, stalled, yours } = stats;
    const sum = (counts) => Object.values(counts).reduce((all, count) => all + count, 0);
    for (const [id, value] of Object.entries({ open: sum(open), opened, beats, refused: sum(refused), stalled })) $(id).textContent = value;
    $("stalled-cell").classList.toggle("bad", stalled > 0);
    const ends = Object.entries(closed).sort(([, a], [, b]) => b - a).flatMap(([reason, count], i) => {
      const number = document.createElement("b");
      number.textContent = count;
      return [i ? " · " : "", number, ` ${reason.replaceAll("_", " ")}`];
    });
    $("ends").replaceChildren(...(ends.length ? ends : ["none"]));
    const flood = (stream) => stream.path === "/flood" && stream.number > this.seen;
    this.#watchReader(yours.open.find(flood), yours.gone.find(flood));
    this.#watchDeploy(stats.generations);
  }

  /** Opens a stream and never reads it; it stays referenced, or the browser would let go of it. */
  async #stop() {
    const abort = new AbortController();
    const trial = (this.#stalled = { abort, before: this.feed(), since: Date.now() });
    this.#buttons();
    say("stall", "running", "Open. The browser takes what it has room for, then nothing…");
    try {
      trial.answer = await fetch(`/flood?client=${this.client}`, { signal: abort.signal, cache: "no-store" });
    } catch {
      if (this.#stalled !== trial) return;
      this.#stalled = null;
      say("stall", "failed", "The server cannot be reached.");
      this.#buttons();
    }
  }

  #watchReader(open, gone) {
    const trial = this.#stalled;
    if (!trial) {
      // Whatever ended before is of no interest to the next trial.
      this.seen = Math.max(this.seen, gone?.number ?? 0, open?.number ?? 0);
      return;
    }
    const { received, missed, resumes, gaps } = this.feed();
    const { before } = trial;
    const fate = missed > before.missed || gaps > before.gaps ? "lost some" : resumes > before.resumes ? "had to come back" : "was not disturbed";
    const meanwhile = `Meanwhile the main stream got ${received - before.received} events and ${fate}.`;
    const over = (text, state = "done") => {
      this.seen = Math.max(this.seen, (gone ?? open)?.number ?? 0);
      this.#stalled = null;
      trial.abort.abort();
      say("stall", state, `${text} ${meanwhile}`);
      this.#buttons();
    };
    if (gone?.reason === "closed") {
      over("This browser took all 64 MiB into its memory, although the page read nothing: to the server that is a reader.");
    } else if (gone) {
      over(`Ended by the server after ${seconds(gone.age_ms)}: ${gone.reason.replaceAll("_", " ")}${gone.code ? ` (${gone.code})` : ""}.`);
    } else if (open?.reason) {
      // Over HTTP/2 the connection is kept for the streams beside it: it is for the client to let go.
      over(`Ended by the server after ${seconds(open.age_ms)}: ${open.reason.replaceAll("_", " ")}.`);
    } else if (open && Date.now() - trial.since > PATIENCE && open.stuck_ms === null) {
      over("Let go by the page. Over HTTP/2 this stream shares its connection with the main one, which reads: the socket sees no reader that has stopped.");
    } else if (open) {
      const stuck = open.stuck_ms > 500 ? `, and has taken nothing for ${seconds(open.stuck_ms)}` : "";
      say("stall", "running", `Open for ${seconds(open.age_ms)}${stuck}…`);
    }
  }

  /** An EventSource shows no comments; hb=event asks for beats that it does. */
  #goSilent() {
    const source = new EventSource(`/silent?client=${this.client}&hb=event&hb=2`);
    const quiet = (this.#quiet = { source, opened: null, beats: 0, last: null, returns: -1 });
    source.addEventListener("open", () => {
      quiet.opened = Date.now();
      quiet.returns += 1;
      quiet.beats = 0;
    });
    source.addEventListener("ping", () => {
      quiet.beats += 1;
      quiet.last = Date.now();
      this.#showQuiet();
      $("quiet-state").animate?.([{ opacity: .35 }, { opacity: 1 }], 500);
    });
    source.addEventListener("error", () => {
      quiet.opened = null;
      if (source.readyState === EventSource.CLOSED) this.#hangUp();
    });
    quiet.timer = setInterval(() => this.#showQuiet(), 500);
    $("quiet").textContent = "Hang up";
    this.#showQuiet();
  }

  #showQuiet() {
    const { opened, beats, last, returns } = this.#quiet;
    if (opened === null) return say("quiet", "running", "Not open; the browser comes back by itself…");
    const beat = beats ? `, the last ${seconds(Date.now() - last)} ago` : "";
    const back = returns > 0 ? ` Came back ${returns === 1 ? "once" : `${returns} times`}.` : "";
    say("quiet", "running", `Silent for ${seconds(Date.now() - opened)} and still open: ${plural(beats, "beat")}${beat}.${back}`);
  }

  #hangUp() {
    const { source, timer, opened, beats } = this.#quiet;
    this.#quiet = null;
    source.close();
    clearInterval(timer);
    $("quiet").textContent = "Go silent";
    const age = opened === null ? "" : ` after ${seconds(Date.now() - opened)} and ${plural(beats, "beat")}`;
    say("quiet", "done", `Hung up${age}.`);
  }

  async #deploy() {
    const trial = (this.#deployed = { before: this.feed() });
    this.#buttons();
    say("deploy", "running", "Starting the next generation…");
    const answer = await fetch("/deploy", { method: "POST" }).catch(() => undefined);
    if (!answer?.ok) {
      this.#deployed = null;
      say("deploy", "failed", answer?.status === 409 ? "Another deploy is under way." : "The server cannot be reached.");
      this.#buttons();
      return;
    }
    const { generation, moving } = await answer.json();
    trial.number = generation;
    say("deploy", "running", `Generation ${generation} takes what is new; generation ${generation - 1} has ${plural(moving, "stream")} to end…`);
  }

  /** The page's own stream is with another generation now. */
  moved(hello, away) {
    if (!this.#deployed) return;
    this.#deployed.moved = `The main stream was away for ${seconds(away ?? 0)} and got the ${plural(hello.replayed, "event")} it had missed`;
  }

  #watchDeploy(generations) {
    const trial = this.#deployed;
    if (trial?.number && !generations.some(({ number }) => number === trial.number)) {
      this.#deployed = null;
      say("deploy", "failed", "The server itself was started anew.");
      this.#buttons();
      return;
    }
    const report = generations.find(({ number }) => number === trial?.number - 1)?.report;
    if (!trial?.moved || !report) return;
    const lost = this.feed().missed - trial.before.missed + this.feed().gaps - trial.before.gaps;
    const gone = report.gone ? `, ${report.gone} went by ${report.gone === 1 ? "itself" : "themselves"}` : "";
    const left = report.left_over ? `, ${report.left_over} are left over` : "";
    this.#deployed = null;
    say("deploy", lost ? "failed" : "done", `Generation ${trial.number} serves. ${trial.moved}: ${lost ? "some are lost" : "none is lost"}. The drain ended ${plural(report.ended, "stream")}${gone}${left}.`);
    this.#buttons();
  }

  #buttons() {
    $("stall").disabled = this.#paused || this.#stalled !== null;
    $("deploy").disabled = this.#paused || this.#deployed !== null;
  }
}

function say(trial, state, text) {
  $(`${trial}-state`).dataset.state = state;
  $(`${trial}-state`).textContent = text;
}

/** Longer than a reader may stop, and than the browser takes to be full. */
const PATIENCE = 15_000;

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
