"use strict";
(() => {
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  // Sorting: by the exact number where there is one, else by the words; what is empty stays last.
  const compare = (a, b, sign) => {
    const [x, y] = [a.key, b.key];
    if (x === "" || y === "") return (x === "") - (y === "") || a.place - b.place;
    const by = typeof x === "number" && typeof y === "number" ? x - y : collator.compare(String(x), String(y));
    return sign * by || a.place - b.place;
  };
  const sort = (table, column, head) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of all("th", table.tHead)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row, place) => {
      const cell = row.cells[column];
      return { row, place, key: cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v) };
    });
    rows.sort((a, b) => compare(a, b, down ? -1 : 1));
    body.append(...rows.map((entry) => entry.row));
  };
  for (const table of all("table[id]")) {
    all("th", table.tHead).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, column, head));
    });
  }

  // Search: rows and customers that do not hold every word are hidden.
  const find = document.getElementById("find");
  const found = document.getElementById("found");
  const entries = [...all("main table[id] tbody tr"), ...all("details.customer")].map((node) => ({
    node,
    text: node.textContent.toLowerCase(),
  }));
  const search = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let matches = 0;
    for (const { node, text } of entries) {
      const match = words.every((word) => text.includes(word));
      node.hidden = !match;
      if (match) matches += 1;
    }
    found.textContent = words.length === 0 ? "" : `${matches} of ${entries.length}`;
  };
  find.addEventListener("input", search);
  const form = document.getElementById("search");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;

  // Opening and closing.
  const toggle = (open) => () => {
    for (const details of all("details.customer")) details.open = open && !details.hidden;
  };
  document.getElementById("open-all").addEventListener("click", toggle(true));
  document.getElementById("close-all").addEventListener("click", toggle(false));
  for (const tools of all(".tools")) tools.hidden = false;
})();
