// A search over headings and names, in the page alone: search-index.js has rows of title, where it stands, address.
"use strict";
(() => {
  if (!window.searchIndex) return;
  const root = document.currentScript.dataset.root;
  const form = document.createElement("form"), input = document.createElement("input"), list = document.createElement("ol");
  const most = 12;
  let chosen = -1;

  // Smaller is better; -1: it does not fit. All words have to be there.
  const rank = (row, words) => {
    const title = row[0].toLowerCase(), place = row[1].toLowerCase();
    let sum = title.length / 100;
    for (const word of words) {
      const at = title.indexOf(word);
      if (at < 0 && !place.includes(word)) return -1;
      sum += at < 0 ? 20 : at === 0 ? 0 : 2 + at / 50;
    }
    return sum;
  };

  const item = (row) => {
    const li = document.createElement("li"), a = document.createElement("a"), small = document.createElement("small");
    a.href = root + row[2];
    a.textContent = row[0];
    small.textContent = row[1];
    a.append(small);
    li.append(a);
    return li;
  };

  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = words.length ? window.searchIndex.map((row) => [rank(row, words), row]).filter((pair) => pair[0] >= 0) : [];
    found.sort((a, b) => a[0] - b[0]);
    list.replaceChildren(...found.slice(0, most).map((pair) => item(pair[1])));
    chosen = -1;
  };

  const choose = (step) => {
    const items = list.children;
    if (!items.length) return;
    if (chosen >= 0) items[chosen].classList.remove("chosen");
    chosen = (chosen + step + items.length) % items.length;
    items[chosen].classList.add("chosen");
    items[chosen].scrollIntoView({ block: "nearest" });
  };

  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { choose(event.key === "ArrowDown" ? 1 : -1); event.preventDefault(); }
    if (event.key === "Escape") { input.value = ""; show(); input.blur(); }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const to = list.children[Math.max(chosen, 0)];
    if (to) location.href = to.firstChild.href;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/input|textarea/i.test(event.target.tagName)) { input.focus(); event.preventDefault(); }
  });
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) list.replaceChildren(); });

  form.setAttribute("role", "search");
  Object.assign(input, { type: "search", placeholder: "Search (press /)", autocomplete: "off" });
  input.setAttribute("aria-label", "Search headings and names");
  form.append(input, list);
  document.querySelector(".search").append(form);
})();
