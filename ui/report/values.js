// Two values beside each other: which digits differ, how far apart they are, and the strip that shows it.
const NUMBER = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/;

// Two printed numbers in the same notation, no digit lost: `108.21` and `1.00e+02` become `108.21` and `100`.
function alike(a, b) {
  const x = NUMBER.exec(a),
    y = NUMBER.exec(b);
  if (!x || !y || (x[4] === undefined) === (y[4] === undefined)) return [a, b];
  return [x, y].map((found) => (found[4] === undefined ? found[0] : shifted(found)));
}

function shifted([text, sign, whole, part, power]) {
  const digits = whole + part,
    point = whole.length + Number(power);
  if (point < -4 || point > 17) return text;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits
    .slice(0, point)
    .padEnd(point, "0")
    .replace(/^0+(?=\d)/, "")}${digits.length > point ? "." + digits.slice(point) : ""}`;
}

// How much of the front of two numbers is the same; null where sign, power of ten or the digits before the point differ in number.
function common(a, b) {
  const x = NUMBER.exec(a),
    y = NUMBER.exec(b);
  if (!x || !y || x[1] !== y[1] || x[2].length !== y[2].length || Number(x[4] || 0) !== Number(y[4] || 0)) return null;
  let same = 0;
  while (same < mantissa(a) && a[same] === b[same]) same++;
  return same;
}
const mantissa = (text) => (NUMBER.test(text) && /[eE]/.test(text) ? text.search(/[eE]/) : text.length);

// The text of one number with the digits marked in which it differs from `other`; zeros at its end only show its print.
function marked(text, other) {
  const [mine, theirs] = alike(text, other);
  if (mine === theirs || Number(mine) === Number(theirs)) return [mine];
  const same = common(mine, theirs);
  if (same === null) return [el("mark", {}, mine)];
  const digits = mantissa(mine),
    end = Math.min(digits, Math.max(same + 1, mine.slice(0, digits).replace(/[0.]+$/, "").length));
  return [mine.slice(0, same), same < end ? el("mark", {}, mine.slice(same, end)) : "", mine.slice(end)];
}

function markedAll(text, other) {
  if (text === null) return [el("span", { class: "quiet" }, "—")];
  if (other === null || text === other) return [text];
  const mine = text.split(" "),
    theirs = other.split(" ");
  if (mine.length !== theirs.length) return markedWords(mine, theirs);
  const tall = mine.length > 1 && Math.max(text.length, other.length) > 26; // else the two sides would break at other places
  return mine.map((token, i) => [
    i && !tall ? " " : "",
    el("span", tall ? { class: "part" } : {}, marked(token, theirs[i])),
  ]);
}

// Of two lists of different length: what lies between the words that both begin with and those that both end with.
function markedWords(mine, theirs) {
  const most = Math.min(mine.length, theirs.length);
  let front = 0,
    back = 0;
  while (front < most && mine[front] === theirs[front]) front++;
  while (back < most - front && mine[mine.length - 1 - back] === theirs[theirs.length - 1 - back]) back++;
  const middle = mine.slice(front, mine.length - back);
  return [
    mine.slice(0, front).map((word) => `${word} `),
    middle.length ? el("mark", {}, middle.join(" ")) : "",
    mine.slice(mine.length - back).map((word) => ` ${word}`),
  ];
}

// A difference in units of what is granted, as words and as a bar from a thousandth to 10^15 on a logarithmic scale.
const LOW = -3,
  HIGH = 15;
const finite = (units) => (units === "inf" ? Infinity : units);

function said(units) {
  const u = finite(units);
  if (u === null) return "not comparable";
  if (u === 0) return "identical";
  if (u === Infinity) return "infinitely far beyond what is granted";
  return `${brief(u)} times what is granted`;
}

function brief(number) {
  if (number < 0) return `−${brief(-number)}`;
  if (number >= 1e5 || number < 1e-3) return number.toExponential(1).replace("e+", "e");
  return Number(number.toPrecision(3)).toString();
}

function strip(units) {
  const u = finite(units);
  const at =
    u === null || u === Infinity
      ? 100
      : u === 0
        ? 0
        : (100 * (Math.min(HIGH, Math.max(LOW, Math.log10(u))) - LOW)) / (HIGH - LOW);
  const kind = u === null || u > 1.000001 ? "strip beyond" : "strip";
  return el("span", {
    class: kind,
    style: { "--at": `${at.toFixed(1)}%` },
    title: said(units),
    role: "img",
    "aria-label": said(units),
  });
}

// How much two numbers differ, for a reader: in per cent while that can be grasped, else as a factor.
function apart(a, b) {
  const x = Number(a),
    y = Number(b);
  if (!Number.isFinite(x) || !Number.isFinite(y)) return "";
  if (x === y) return "the same";
  if (x === 0) return `by ${brief(Math.abs(y))}, from zero`;
  const ratio = y / x,
    off = Math.abs(ratio - 1);
  if (ratio > 0.5 && ratio < 2) return `by ${share(Math.abs((y - x) / x))}`;
  return y === 0 ? "to zero" : off > 1.999999 && off < 2.000001 ? "in sign" : `by a factor of ${brief(ratio)}`;
}

const share = (part) => (part < 1e-5 ? `${brief(part)} of its size` : `${brief(100 * part)} %`);

// What a cost |ln(ratio)| does to the final intensity.
function costs(cost) {
  if (cost === null) return "";
  if (cost === "inf") return "changes the final intensity to nothing, or from nothing";
  if (cost === 0) return "does not reach the final intensity";
  if (cost < 0.3) return `changes the final intensity by ${share(Math.expm1(cost))}`;
  return `changes the final intensity by a factor of ${brief(Math.exp(cost))}`;
}
