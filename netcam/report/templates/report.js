
"use strict";
(() => {
  // Before the body is read: rows beyond the first ones get no layout until they are asked for.
  document.documentElement.classList.add("js");

  // With script, the parser keeps what a noscript holds as one text: thousands of devices, and no element but those that
  // somebody opens. It is this page's own markup, escaped when it was written.
  function fill(details) {
    const kept = details.querySelector("noscript");
    if (!kept) return;
    const made = document.createElement("div");
    made.innerHTML = kept.textContent;
    kept.replaceWith(made);
  }
  document.addEventListener("toggle", event => { if (event.target.open) fill(event.target); }, true);
  document.addEventListener("DOMContentLoaded", start);

  // On paper nothing can be opened: what the lists say is all there, and goes back to how it was afterwards.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll(".lists:not([open])")];
    opened.forEach(one => { fill(one); one.open = true; });
  });
  window.addEventListener("afterprint", () => opened.forEach(one => { one.open = false; }));

  function start() {
    const table = document.getElementById("table");
    if (!table) return;
    const step = Number(table.dataset.step);
    const words = document.getElementById("words");
    const kinds = document.getElementById("kinds");
    const shown = document.getElementById("shown");
    const more = document.getElementById("more");
    let devices = [...table.tBodies];
    let room = step;

    const kind = {
      view: d => d.dataset.v,
      listed: d => d.dataset.o === "0",
      possible: d => d.dataset.o === "1",
      undetermined: d => d.dataset.o === "2" && d.dataset.v,
      all: () => true,
    };
    const marks = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&#34;": '"', "&#39;": "'"};
    const texts = new Map();
    const text = d => {
      if (!texts.has(d)) {
        const plain = d.textContent.replace(/<[^>]*>/g, " ").replace(/&(?:lt|gt|amp|#34|#39);/g, m => marks[m]);
        texts.set(d, plain.toLowerCase());
      }
      return texts.get(d);
    };
    const say = n => n.toLocaleString("en");

    function show() {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const d of devices) {
        const fits = kind[kinds.value](d) && wanted.every(w => text(d).includes(w));
        const out = !fits || count >= room;
        if (d.hidden !== out) d.hidden = out;
        d.classList.remove("later");
        if (fits) count += 1;
      }
      const rest = count > room ? `; the first ${say(room)} are shown` : "";
      shown.textContent = `${say(count)} of ${say(devices.length)} devices${rest}`;
      more.hidden = count <= room;
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
      devices = keyed.map(k => k[2]);
      table.append(...devices);
      room = step;
      show();
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
      const details = target.querySelector("details");
      fill(details);
      details.open = true;
      target.scrollIntoView();
    }

    let waiting;
    const again = () => { room = step; show(); };
    words.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(again, 150);
    });
    kinds.addEventListener("change", again);
    more.children[0].addEventListener("click", () => { room += step; show(); });
    more.children[1].addEventListener("click", () => { room = Infinity; show(); });
    document.getElementById("controls").addEventListener("submit", event => event.preventDefault());
    window.addEventListener("hashchange", follow);
    document.getElementById("controls").hidden = false;
    show();
    follow();
  }
})();
