// Draws the last half minute of samples as SVG. What it is told is all it knows: it never asks the stream.

const SPAN = 30_000;
const LEFT = 28;
const BOTTOM = 18;
const NS = "http://www.w3.org/2000/svg";

export class Chart {
  constructor(svg) {
    this.svg = svg;
    this.points = [];
    this.bands = [];
    this.cuts = [];
    // The server's clock minus ours.
    this.skew = null;
    this.back = this.#group();
    this.area = this.#shape("path", "area");
    this.trace = this.#shape("path", "trace");
    this.replay = this.#shape("path", "replay");
    this.dots = this.#shape("path", "dots");
    this.peaks = this.#shape("path", "peaks");
    this.marks = this.#group();
    let last = 0;
    const draw = (time) => {
      // Thirty frames a second are smooth enough for something that moves half a pixel in each.
      if (time - last > 30) {
        last = time;
        this.#draw();
      }
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }

  sample(at, level, replayed) {
    // The smallest delay seen so far belongs to the sample that was fastest here.
    this.skew = Math.max(this.skew ?? -Infinity, at - Date.now());
    const band = this.bands.find((band) => band.until === undefined);
    if (band) band.until = at;
    this.points.push({ at, level, replayed, joined: !band });
  }

  peak(at, level) {
    this.points.push({ at, level, peak: true });
  }

  /** Everything between the last point and the next is lost. */
  gap(text) {
    const last = this.points.findLast((point) => !point.peak);
    if (last) this.bands.push({ from: last.at, text });
    this.svg.dataset.gaps = Number(this.svg.dataset.gaps) + 1;
  }

  cut() {
    this.cuts.push({ at: Date.now() + (this.skew ?? 0) });
  }

  #draw() {
    const { width, height } = this.svg.getBoundingClientRect();
    if (!width) return;
    const now = Date.now() + (this.skew ?? 0);
    const oldest = now - SPAN;
    const x = (at) => LEFT + ((at - oldest) / SPAN) * (width - LEFT - 6);
    const y = (level) => 6 + (1 - level / 100) * (height - BOTTOM - 12);
    const at = (point) => `${x(point.at).toFixed(1)},${y(point.level).toFixed(1)}`;

    // One sample beyond the left edge keeps the line from starting in the void.
    while (this.points.length > 1 && this.points[1].at < oldest) this.points.shift();
    this.bands = this.bands.filter((band) => !(band.until < oldest));
    this.cuts = this.cuts.filter((cut) => cut.at > oldest);

    const samples = this.points.filter((point) => !point.peak);
    let trace = "", area = "", replay = "", run = [];
    const close = () => {
      if (run.length) area += `M${x(run[0].at)},${y(0)}L${run.map(at).join("L")}L${x(run.at(-1).at)},${y(0)}Z`;
      run = [];
    };
    samples.forEach((point, i) => {
      const previous = samples[i - 1];
      const joined = previous && point.joined;
      if (!joined) close();
      run.push(point);
      if (point.replayed && joined) replay += `M${at(previous)}L${at(point)}`;
      else trace += `${joined && trace ? (previous.replayed ? `M${at(previous)}L` : "L") : "M"}${at(point)}`;
    });
    close();

    const dot = (point) => `M${at(point)}h0`;
    this.area.setAttribute("d", area);
    this.trace.setAttribute("d", trace);
    this.replay.setAttribute("d", replay);
    this.dots.setAttribute("d", samples.filter((point) => point.replayed).map(dot).join(""));
    this.peaks.setAttribute("d", this.points.filter((point) => point.peak).map(dot).join(""));
    this.svg.dataset.points = samples.length;

    if (this.size !== `${width} ${height}`) {
      this.size = `${width} ${height}`;
      this.back.replaceChildren(
        ...[0, 50, 100].flatMap((level) => [
          make("line", "grid", { x1: LEFT, x2: width, y1: y(level), y2: y(level) }),
          make("text", "axis", { x: 0, y: y(level) + 4 }, level),
        ]),
        ...[30, 20, 10].map((s) => make("text", "axis", { x: x(now - s * 1000), y: height - 3 }, `−${s} s`)),
        make("text", "axis", { x: width - 26, y: height - 3 }, "now"),
      );
    }
    this.marks.replaceChildren(
      ...this.bands.flatMap(({ from, until, text }) => {
        const left = Math.max(x(from), LEFT);
        const room = Math.max(x(until ?? now) - left, 2);
        const size = { x: left, y: y(100), width: room, height: y(0) - y(100) };
        const band = make("rect", "gap", size);
        return room < 60 ? [band] : [band, make("text", "gap-text", { x: left + room / 2, y: y(50) }, text)];
      }),
      ...this.cuts.map((cut) => make("line", "cut", { x1: x(cut.at), x2: x(cut.at), y1: y(100), y2: y(0) })),
    );
  }

  #shape(name, type) {
    return this.svg.appendChild(make(name, type));
  }

  #group() {
    return this.svg.appendChild(make("g", ""));
  }
}

function make(name, type, attributes = {}, text) {
  const node = document.createElementNS(NS, name);
  if (type) node.setAttribute("class", type);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}
