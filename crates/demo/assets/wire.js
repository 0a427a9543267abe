// Shows the text of a second stream as it is on the wire, for the eyes only: nothing here parses events.

const KEEP = 800;

export class Wire {
  constructor(pane) {
    this.pane = pane;
    this.line = null;
  }

  /** Opens the stream from where the page's EventSource is, and shows it until it ends. */
  async follow(url, lastEventId) {
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    const headers = lastEventId ? { "Last-Event-ID": lastEventId } : {};
    this.note(lastEventId ? `GET /feed · Last-Event-ID: ${lastEventId}` : "GET /feed");
    let torn = false;
    this.retry = null;
    try {
      const answer = await fetch(url, { headers, signal: abort.signal, cache: "no-store" });
      const text = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await text.read(); !part.done; part = await text.read()) this.#append(part.value);
    } catch {
      torn = true;
    }
    if (abort.signal.aborted) return;
    if (torn) this.line?.classList.add("torn");
    const away = this.retry ? ` · come back after ${(this.retry / 1000).toFixed(1)} s` : "";
    this.note(torn ? "connection cut here" : `stream ended${away}`);
  }

  note(text) {
    this.#break();
    this.#add("note").textContent = text;
    this.#scroll();
  }

  #append(text) {
    const lines = text.split("\n");
    lines.forEach((line, i) => {
      if (line) this.#write(line);
      if (i < lines.length - 1) this.#break(true);
    });
    this.#scroll();
  }

  #write(text) {
    this.line ??= this.#add("line");
    this.text = (this.text ?? "") + text;
    const colon = this.text.indexOf(":");
    if (colon > 0) {
      const field = document.createElement("span");
      field.className = "field";
      field.textContent = this.text.slice(0, colon + 1);
      this.line.replaceChildren(field, this.text.slice(colon + 1));
      if (this.text === "event: gap") this.line.classList.add("gap");
    } else {
      this.line.textContent = this.text;
      if (colon === 0) this.line.classList.add("comment");
    }
  }

  #break(end = false) {
    if (end && this.text?.startsWith("retry:")) this.retry = Number(this.text.slice(6));
    if (end) (this.line ?? this.#add("line")).append("\n");
    else if (this.line) this.line.append("\n");
    this.line = this.text = null;
  }

  #add(type) {
    const node = this.pane.appendChild(document.createElement("span"));
    node.className = type;
    while (this.pane.childElementCount > KEEP) this.pane.firstChild.remove();
    return node;
  }

  #scroll() {
    this.pane.scrollTop = this.pane.scrollHeight;
  }
}
