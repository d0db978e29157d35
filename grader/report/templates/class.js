"use strict";
(() => {
  const table = document.getElementById("students");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({
    row,
    values: Array.from(row.cells, (cell) => cell.dataset.v === undefined ? cell.textContent.toLowerCase() : Number(cell.dataset.v)),
    state: row.dataset.state,
    text: row.textContent.toLowerCase(),
  }));
  const count = document.getElementById("count");
  const search = document.getElementById("search");
  const state = document.getElementById("state");
  const headers = Array.from(table.tHead.rows[0].cells);
  const names = new Intl.Collator(undefined, { numeric: true });

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of rows) {
      const fits = (!state.value || one.state === state.value) && words.every((word) => one.text.includes(word));
      one.row.hidden = !fits;
      shown += fits;
    }
    count.textContent = shown === rows.length ? `${rows.length}` : `${shown} / ${rows.length}`;
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
  search.addEventListener("input", filter);
  state.addEventListener("change", filter);
  document.getElementById("filters").hidden = false;
  filter();
})();
