"use strict";
(() => {
  const table = document.getElementById("students");
  const body = table.tBodies[0];
  const headers = Array.from(table.tHead.rows[0].cells);
  const value = (text, column) => !headers[column].classList.contains("num") ? text.toLowerCase() : text === "–" ? -1 : Number.parseFloat(text) || 0;
  const rows = Array.from(body.rows, (row) => ({
    row,
    values: Array.from(row.cells, (cell, column) => value(cell.textContent.trim(), column)),
    state: row.dataset.state,
    text: row.textContent.toLowerCase(),
    at: Number(row.dataset.at ?? -1),
  }));
  const count = document.getElementById("count");
  const search = document.getElementById("search");
  const state = document.getElementById("state");
  const only = document.getElementById("only");
  let chosen = null;
  const names = new Intl.Collator(undefined, { numeric: true });

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of rows) {
      const fits = (!state.value || one.state === state.value) && (!chosen || chosen(one)) && words.every((word) => one.text.includes(word));
      one.row.hidden = !fits;
      shown += fits;
    }
    count.textContent = shown === rows.length ? `${rows.length}` : `${shown} / ${rows.length}`;
  };

  const choose = (label, fits) => {
    chosen = fits;
    only.hidden = !fits;
    only.textContent = `${label} ✕`;
    filter();
    if (fits) document.getElementById("table").scrollIntoView();
  };

  const has = (bits, place) => bits !== undefined && (BigInt(`0x${bits}`) >> BigInt(place)) % 2n === 1n;

  const point = (plot, event) => {
    const [left, top, right, bottom] = plot.dataset.box.split(" ").map(Number);
    const whole = plot.getBoundingClientRect();
    const x = ((event.clientX - whole.left) / whole.width - left) / (right - left);
    const y = ((event.clientY - whole.top) / whole.height - top) / (bottom - top);
    return x < 0 || x > 1 || y < 0 || y > 1 ? null : Math.min(x, 1 - 1e-9);
  };

  const sort = (column, down) => {
    const sign = down ? -1 : 1;
    rows.sort((a, b) => {
      const [x, y] = [a.values[column], b.values[column]];
      return sign * (typeof x === "number" ? x - y : names.compare(x, y));
    });
    const all = document.createDocumentFragment();
    for (const one of rows) all.append(one.row);
    body.append(all);
    headers.forEach((header, at) => header.setAttribute("aria-sort", at !== column ? "none" : down ? "descending" : "ascending"));
  };

  headers.forEach((header, column) => header.firstElementChild.addEventListener("click", () => {
    const before = header.getAttribute("aria-sort");
    sort(column, before === "none" ? typeof rows[0]?.values[column] === "number" : before === "ascending");
  }));
  only.addEventListener("click", () => choose("", null));
  for (const kind of ["mistake", "check"]) {
    for (const link of document.querySelectorAll(`a[data-${kind}]`)) {
      const name = link.closest("tr").querySelector("code, .mono").textContent;
      link.addEventListener("click", () => choose(name, (one) => has(one.row.dataset[`${kind}s`], link.dataset[kind])));
    }
  }
  for (const plot of document.querySelectorAll("svg[data-bars]")) {
    plot.addEventListener("click", (event) => {
      const x = point(plot, event);
      if (x === null) return;
      const { bars, most } = plot.dataset;
      const bar = Math.floor(x * bars);
      const points = headers.findIndex((header) => header.textContent === "points");
      const bin = (one) => Math.min(Math.floor(one.values[points] / most * bars + 1e-9), bars - 1);
      choose(`${+(bar * most / bars).toFixed(2)} to ${+((bar + 1) * most / bars).toFixed(2)} points`, (one) => one.state === "graded" && bin(one) === bar);
    });
  }
  for (const plot of document.querySelectorAll("svg[data-columns]")) {
    const under = (event) => {
      const x = point(plot, event);
      return x === null ? undefined : rows.find((one) => one.at === Math.floor(x * plot.dataset.columns));
    };
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    plot.prepend(title);
    plot.addEventListener("mousemove", (event) => { title.textContent = under(event)?.row.cells[0].textContent ?? ""; });
    plot.addEventListener("click", (event) => {
      const one = under(event);
      if (one) choose(one.row.cells[0].textContent, (other) => other === one);
    });
  }
  search.addEventListener("input", filter);
  state.addEventListener("change", filter);
  document.getElementById("filters").hidden = false;
  filter();
})();
