// The page: a native EventSource does all the work of coming back; this only counts and shows.

import { Chart } from "/chart.js";
import { Login } from "/login.js";
import { Room } from "/room.js";
import { Ticker } from "/ticker.js";
import { Trials } from "/trials.js";
import { Wire } from "/wire.js";

const $ = (id) => document.getElementById(id);
const chart = new Chart($("chart"));
const wire = new Wire($("raw"));

let source, client, lastId, limits, cutAt, generation;
let replaying = 0, stopping = false;
// `next` is the number the next event must have.
let count = { received: 0, expected: 0, twice: 0, resumes: 0, gaps: 0 };
let next = null;

const name = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
// The streams that the trials open have a name of their own, which outlives the EventSource.
const trials = new Trials(name(), () => ({ ...count, missed: count.expected - count.received }));

function open() {
  client = name();
  lastId = cutAt = undefined;
  next = null;
  stopping = false;
  source = new EventSource(`/feed?client=${client}&stats=${trials.client}`);
  source.addEventListener("open", () => wire.follow(`/feed?client=${client}`, lastId));
  source.addEventListener("error", lost);
  source.addEventListener("hello", hello);
  source.addEventListener("gap", gap);
  source.addEventListener("stats", ({ data }) => trials.stats(JSON.parse(data)));
  source.addEventListener("sample", ({ data, lastEventId }) => {
    const { n, at, level } = arrive(data, lastEventId);
    chart.sample(at, level, replaying > 0);
    $("level").textContent = level.toFixed(1);
    replaying = Math.max(0, replaying - 1);
  });
  source.addEventListener("peak", ({ data, lastEventId }) => {
    const { at, level } = arrive(data, lastEventId);
    chart.peak(at, level);
    replaying = Math.max(0, replaying - 1);
  });
  trials.pause(false);
  status("connecting");
}

/** Counts an event: each number exactly once, none left out. */
function arrive(data, id) {
  const event = JSON.parse(data);
  lastId = id;
  next ??= event.n;
  if (event.n < next) count.twice += 1;
  else {
    count.expected += event.n - next + 1;
    count.received += 1;
    next = event.n + 1;
  }
  show();
  return event;
}

function hello({ data, lastEventId }) {
  const hello = JSON.parse(data);
  limits = { history: hello.history, every: hello.every_ms };
  lastId = lastEventId || lastId;
  replaying = hello.replayed;
  status("open");
  $("protocol").textContent = hello.protocol;
  $("protocol").hidden = false;
  $("window").textContent = `the server remembers ${hello.history} events, about ${seconds(hello.history * hello.every_ms)}`;
  if (hello.outcome === "resumed") count.resumes += 1;
  const awayFor = cutAt ? Date.now() - cutAt : undefined;
  const away = awayFor === undefined ? "" : ` after ${seconds(awayFor)}`;
  cutAt = undefined;
  $("generation").textContent = `generation ${hello.generation}`;
  $("generation").hidden = false;
  if (generation !== undefined && hello.generation !== generation) {
    journal("deploy", [`generation ${hello.generation} serves this page now`]);
    trials.moved(hello, awayFor);
  }
  generation = hello.generation;
  journal(hello.outcome, {
    fresh: ["first connection; from now on"],
    resumed: ["back", away, " with ", code(hello.last_event_id), `: ${plural(hello.replayed, "event")} replayed, none lost`],
    gap: ["back", away, " with ", code(hello.last_event_id), `: ${hello.missed ?? "unknown"} lost, ${hello.replayed} kept; the stream says so`],
  }[hello.outcome]);
  $("hint").textContent = hello.outcome === "resumed"
    ? `Back with Last-Event-ID ${hello.last_event_id}: the ${plural(hello.replayed, "event")} it had missed came first, and not one is missing.`
    : $("hint").textContent;
  busy(false);
  show();
}

/** The server's own word that events are lost. They are not expected any more. */
function gap({ data, lastEventId }) {
  const { missed } = JSON.parse(data);
  count.gaps += 1;
  lastId = lastEventId;
  next = Number(lastEventId.slice(lastEventId.lastIndexOf("-") + 1)) + 1;
  chart.gap(`${missed ?? "?"} lost`);
  $("hint").textContent = "Away for longer than the server remembers: a gap event in the stream itself says what is lost, before anything else arrives.";
  show();
}

function lost() {
  if (source.readyState === EventSource.CLOSED) {
    status("stopped");
    journal("stopped", ["the server answered 204: the browser never asks again"]);
    $("hint").textContent = "Stopped by a 204. This EventSource is closed for good; a new one may start.";
    $("stop").textContent = "Start again";
    busy(false);
    $("cut").disabled = $("away").disabled = true;
    trials.pause(true);
    return;
  }
  if (cutAt === undefined) {
    cutAt = Date.now();
    chart.cut();
    if (stopping || trials.deploying) journal("ended", ["the stream ended after ", code(lastId ?? "nothing")]);
    else journal("cut", ["connection lost after ", code(lastId ?? "nothing")]);
  }
  status("connecting");
}

async function order(path, hint) {
  busy(true);
  $("hint").textContent = hint;
  const answer = await fetch(path, { method: "POST" }).catch(() => undefined);
  if (!answer?.ok) {
    busy(false);
    $("hint").textContent = "The server cannot be reached.";
  }
}

$("cut").addEventListener("click", () =>
  order(`/cut?client=${client}`, "Cut in the middle of an event. The browser waits as long as the last retry: field said, then comes back…"));

$("away").addEventListener("click", () => {
  const away = Math.round(limits.history * limits.every * 1.15 + 2000);
  order(`/cut?client=${client}&away=${away}`, `The server said retry: ${away} and cut. It remembers ${seconds(limits.history * limits.every)}; the browser stays away for ${seconds(away)}…`);
});

$("stop").addEventListener("click", () => {
  if (source.readyState === EventSource.CLOSED) {
    $("stop").textContent = "Stop for good";
    $("hint").textContent = "A new EventSource, which knows nothing of the old one.";
    open();
    return;
  }
  stopping = true;
  order(`/stop?client=${client}`, "The stream has ended. The browser will ask once more, and be told to stop…");
});

function busy(is) {
  for (const id of ["cut", "away", "stop"]) $(id).disabled = is;
}

function status(state) {
  $("state").dataset.state = state;
  $("state").textContent = { open: "live", connecting: "reconnecting", stopped: "stopped" }[state];
}

function show() {
  const missed = count.expected - count.received;
  for (const [id, value] of Object.entries({ ...count, missed })) $(id).textContent = value;
  $("proof").classList.toggle("bad", missed > 0);
}

function journal(tag, parts) {
  const row = document.createElement("li");
  row.dataset.outcome = tag;
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString("en-GB");
  const label = document.createElement("span");
  label.className = `tag ${tag}`;
  label.textContent = tag;
  const text = document.createElement("span");
  text.append(...parts);
  row.append(time, label, text);
  $("journal").prepend(row);
  while ($("journal").children.length > 50) $("journal").lastChild.remove();
}

function code(text) {
  const node = document.createElement("code");
  node.textContent = text;
  return node;
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

open();
new Room(trials.client);
new Ticker();
new Login();
