// The graph of the quantities, drawn from places that were worked out before; a click leads to the quantity.
const PARTS = {
  origin: "origin",
  inherited: "inherited",
  healed: "healed",
  flipped: "flipped near a tie",
  setting: "a setting that differs",
  missing: "on one side only",
  agrees: "agrees",
};
const BOX = 26,
  LONGEST = 32;

function graphSection(traces, extra) {
  if (!traces.graph) return extra ? section("graph", "What follows from what", extra) : null;
  const { way, all } = traces.graph,
    place = el("div", { class: "graph", tabindex: 0, role: "region", "aria-label": "graph of the quantities" });
  const show = (picture) => place.replaceChildren(drawn(traces, picture));
  show(way);
  const toggle =
    all &&
    el(
      "label",
      {},
      el("input", { type: "checkbox", onchange: (event) => show(event.target.checked ? all : way) }),
      ` all ${all.nodes.length} quantities, also those that have nothing to do with it`,
    );
  const there = new Set((all || way).nodes.map((node) => node.part));
  const legend = Object.entries(PARTS)
    .filter(([part]) => there.has(part))
    .map(([part, text]) => [el("span", { class: `chip ${part}` }, text), " "]);
  return section(
    "graph",
    "What follows from what",
    el("p", { class: "legend" }, legend),
    place,
    el(
      "p",
      { class: "quiet" },
      "From parents (above) to what is computed from them. A line that a longer way implies is left out, unless both its ends differ. Click a quantity to see it.",
    ),
    toggle || "",
    extra,
  );
}

function drawn(traces, picture) {
  const { width, height } = picture;
  const lines = picture.lines.map(([parent, child, points]) =>
    svg("path", { class: lineClass(traces, parent, child), d: curve(points) }),
  );
  const boxes = picture.nodes.map(box);
  return svg(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      style: { "--wide": `${width}px` },
      role: "group",
      "aria-label": "graph of the quantities",
    },
    lines,
    boxes,
  );
}

function lineClass(traces, parent, child) {
  const bad = { origin: 1, inherited: 1, setting: 1, flipped: 1 };
  return traces.parts[parent] in bad && traces.parts[child] in { inherited: 1, flipped: 1 } ? "bad" : "";
}

function curve(points) {
  let path = `M${points[0][0]} ${points[0][1]}`;
  for (let i = 1; i < points.length; i++) {
    const [x, y] = points[i - 1],
      [u, v] = points[i];
    path += x === u ? `L${u} ${v}` : `C${x} ${(y + v) / 2} ${u} ${(y + v) / 2} ${u} ${v}`;
  }
  return path;
}

function box({ name, part, box: [left, top, wide] }) {
  const shown = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
  return svg(
    "a",
    { href: anchor(name), class: `node ${part}`, "aria-label": `${name}: ${PARTS[part]}`, onclick: leap(name) },
    svg("title", {}, `${name}: ${PARTS[part]}`),
    svg("rect", { x: left, y: top, width: wide, height: BOX, rx: 5 }),
    svg("text", { x: left + wide / 2, y: top + BOX / 2 + 4, "text-anchor": "middle" }, shown),
  );
}

const leap = (name) => (event) => {
  event.preventDefault();
  jump(name);
};

// To the card (or line) of a quantity, by hash so that the way back works; into folds that are closed, too.
function jump(name) {
  const target = document.getElementById(`q-${name}`);
  if (!target) return findInTable(name);
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  history.pushState(null, "", anchor(name));
  target.scrollIntoView({ block: "start" });
  target.focus({ preventScroll: true });
  target.classList.remove("flash");
  void target.offsetWidth;
  target.classList.add("flash");
}
