
"use strict";
(() => {
  const table = document.getElementById("table");
  if (!table) return;
  const devices = [...table.tBodies];
  const words = document.getElementById("words");
  const kinds = document.getElementById("kinds");
  const shown = document.getElementById("shown");

  const kind = {
    view: d => d.dataset.v,
    listed: d => d.dataset.o === "0",
    possible: d => d.dataset.o === "1",
    undetermined: d => d.dataset.o === "2" && d.dataset.v,
    all: () => true,
  };
  const texts = new Map();
  const text = d => {
    if (!texts.has(d)) texts.set(d, d.textContent.toLowerCase());
    return texts.get(d);
  };

  function filter() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const d of devices) {
      d.hidden = !(kind[kinds.value](d) && wanted.every(w => text(d).includes(w)));
      if (!d.hidden) count += 1;
    }
    shown.textContent = `${count.toLocaleString("en")} of ${devices.length.toLocaleString("en")} devices`;
  }

  const collator = new Intl.Collator("en", {numeric: true, sensitivity: "base"});
  const number = d => Number(d.dataset.a);
  const keys = {
    0: number,
    6: d => parseInt(d.rows[0].cells[6].textContent, 10) || -1,
    7: d => Number(d.dataset.o),
  };

  function sort(head, column) {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const h of table.tHead.rows[0].cells) h.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = keys[column] || (d => d.rows[0].cells[column].textContent);
    const compare = keys[column] ? (a, b) => a - b : collator.compare;
    const keyed = devices.map(d => [key(d), number(d), d]);
    keyed.sort((a, b) => {
      if ((a[0] === "") !== (b[0] === "")) return a[0] === "" ? 1 : -1;
      return (down ? -1 : 1) * compare(a[0], b[0]) || a[1] - b[1];
    });
    table.append(...keyed.map(k => k[2]));
  }

  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head, column));
    head.append(button);
    head.setAttribute("aria-sort", "none");
  });

  function follow() {
    const target = location.hash.startsWith("#d") && document.getElementById(location.hash.slice(1));
    if (!target || !devices.includes(target)) return;
    target.hidden = false;
    target.querySelector("details").open = true;
    target.scrollIntoView();
  }

  let waiting;
  words.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 150);
  });
  kinds.addEventListener("change", filter);
  document.getElementById("controls").addEventListener("submit", event => event.preventDefault());
  window.addEventListener("hashchange", follow);
  document.getElementById("controls").hidden = false;
  filter();
  follow();
})();
