// The data of the page, and how elements are made: text only ever becomes a text node, so that no name can be markup.
const DATA = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [name, said] of Object.entries(value)) node.style.setProperty(name, said);
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== "" && child !== undefined));
  return node;
}
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const plural = (n, noun) =>
  `${n.toLocaleString("en")} ${n === 1 ? noun : noun.endsWith("y") ? noun.slice(0, -1) + "ies" : noun + "s"}`;
const anchor = (name) => `#q-${encodeURIComponent(name)}`;

function section(id, title, ...children) {
  return el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), children);
}

// A table that scrolls by itself where it is too wide, also by keyboard; on a phone each cell has its head to its left.
function grid(label, heads, rows) {
  const room = Math.min(150, 10 + 7.2 * Math.max(...heads.slice(1).map((text) => text.length)));
  const head = el(
    "thead",
    {},
    el(
      "tr",
      {},
      heads.map((text) => el("th", { scope: "col" }, text)),
    ),
  );
  const body = el(
    "tbody",
    {},
    rows.map((cells) =>
      el(
        "tr",
        {},
        cells.map((cell, i) => el("td", { "data-head": heads[i] }, cell)),
      ),
    ),
  );
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    el("table", { class: "plain", style: { "--label": `${Math.ceil(room)}px` } }, head, body),
  );
}

function fold(title, open, ...children) {
  return el("details", { open }, el("summary", {}, title), children);
}

// A command with a button that copies it; on pages opened from a file some browsers only know the old way.
function commandLine({ says, run }) {
  const code = el("code", {}, run);
  const button = el(
    "button",
    { type: "button", class: "copy", "aria-label": `copy: ${run}`, onclick: () => copy(run, code, button) },
    "copy",
  );
  return el("div", { class: "command" }, el("p", { class: "quiet" }, says), el("div", {}, code, button));
}

async function copy(text, code, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
  }
  button.textContent = "copied";
  setTimeout(() => (button.textContent = "copy"), 1500);
}
