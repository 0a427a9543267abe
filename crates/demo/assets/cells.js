// The small pictures of the ticker: prices, which of them a reader has wrong, and how it went for half a minute.

/** For how long a price that has moved is lit. */
const LIT = 350;
/** Samples of a small chart, four a second. */
const SPAN = 120;

/** Two hundred cells, of which only those that have moved are touched, once a frame. */
export class Grid {
  #moved = new Map();
  #lit = new Map();
  #drawn = 0;

  constructor(list) {
    this.cells = Array.from({ length: 200 }, (_, symbol) => {
      const cell = list.appendChild(document.createElement("li"));
      cell.append(Object.assign(document.createElement("b"), { textContent: name(symbol) }), Object.assign(document.createElement("span"), { textContent: "–" }));
      return cell;
    });
  }

  fill(prices) {
    prices.forEach((price, symbol) => this.#write(symbol, price));
  }

  move(symbol, from, to) {
    if (!this.#moved.size) requestAnimationFrame(this.#draw);
    this.#moved.set(symbol, { price: to, way: to < from ? "down" : "up" });
  }

  /** Nothing moves any more, not even what was to be drawn. */
  rest() {
    this.#moved.clear();
    for (const symbol of this.#lit.keys()) this.cells[symbol].classList.remove("lit");
    this.#lit.clear();
  }

  /** Thirty times a second is enough for the eye. */
  #draw = (now) => {
    if (now - this.#drawn < 30) return requestAnimationFrame(this.#draw);
    this.#drawn = now;
    for (const [symbol, until] of this.#lit) {
      if (until > now) break;
      this.#lit.delete(symbol);
      this.cells[symbol].classList.remove("lit");
    }
    for (const [symbol, { price, way }] of this.#moved) {
      this.#write(symbol, price);
      this.cells[symbol].className = `${way} lit`;
      // Those that go out first stay in front.
      this.#lit.delete(symbol);
      this.#lit.set(symbol, now + LIT);
    }
    this.#moved.clear();
  };

  #write(symbol, price) {
    this.cells[symbol].lastChild.textContent = (price / 100).toFixed(2);
  }
}

/** Which of its two hundred prices a reader has wrong. */
export class Stale {
  constructor(canvas) {
    this.canvas = canvas;
    const none = new Array(200).fill(0);
    this.draw(none, none);
  }

  draw(prices, truth) {
    const { canvas } = this;
    const [pen, style] = [canvas.getContext("2d"), getComputedStyle(canvas)];
    const colours = { right: style.getPropertyValue("--right"), wrong: style.getPropertyValue("--wrong") };
    pen.clearRect(0, 0, canvas.width, canvas.height);
    let wrong = 0;
    prices.forEach((price, symbol) => {
      const is = price === truth[symbol];
      wrong += !is;
      pen.fillStyle = is ? colours.right : colours.wrong;
      pen.fillRect((symbol % 40) * 10, Math.floor(symbol / 40) * 10, 8, 8);
    });
    return wrong;
  }
}

/** A chart of the last half minute, the height of a line. */
export class Spark {
  constructor(svg) {
    this.levels = [];
    this.most = 0;
    this.paths = ["area", "trace"].map((type) => {
      const path = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
      path.setAttribute("class", type);
      return path;
    });
  }

  /** `top` is what it goes up to at least. */
  add(level, top) {
    this.levels.push(level);
    if (this.levels.length > SPAN) this.levels.shift();
    this.most = Math.max(...this.levels);
    const highest = Math.max(top, this.most);
    const from = SPAN - this.levels.length;
    const points = this.levels.map((level, i) => `${from + i},${(29 - (level / highest) * 27).toFixed(1)}`).join("L");
    const [area, trace] = this.paths;
    trace.setAttribute("d", `M${points}`);
    area.setAttribute("d", `M${from},30L${points}L${SPAN - 1},30Z`);
  }
}

/** A made-up name for a symbol. */
const name = (symbol) => "BCDFGHJKLMNPQRSTVWXZ"[symbol % 20] + "AEIOU"[Math.floor(symbol / 20) % 5] + "RL"[Math.floor(symbol / 100)];
