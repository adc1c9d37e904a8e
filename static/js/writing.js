// Writing a campaign: what is pasted from a web page or a word processor becomes the
// Markdown that petitions/texts.py reads. Without it the plain text is pasted, and reads
// well, too. TurndownService is vendor/turndown.js.
const LINK = /^(https?:|mailto:)/i;
const DROPPED = new Set(["STYLE", "SCRIPT", "NOSCRIPT", "HEAD", "META", "TITLE", "LINK", "TEMPLATE", "SVG",
  "O:P", "BUTTON", "INPUT", "SELECT", "TEXTAREA", "IFRAME", "OBJECT", "AUDIO", "VIDEO", "CANVAS"]);
const HIDDEN = /display:none|mso-hide:all|mso-element:comment-list|mso-comment-reference/;
const BLOCKS = "p, div, h1, h2, h3, h4, h5, h6, ul, ol, li, table, blockquote, pre, hr";
// What no cell of a table of figures holds.
const PLACED = "table, ul, ol, h1, h2, h3, h4, p + p + p";
// An empty line inside a paragraph, until all is put together.
const GAP = "\ue000";

// Only what would be read as something else: "30. Juni" and "[sic]" are words.
function escaped(text) {
  return text
    .split(/(https?:\/\/\S+)/i)
    .map((part, number) =>
      number % 2
        ? part
        : part
            .replace(/[\\*]/g, "\\$&")
            .replace(/(?<![\p{L}\p{N}_])_+|_+(?![\p{L}\p{N}_])/gu, (run) => run.replace(/_/g, "\\_"))
            .replace(/~~/g, "\\~\\~")
            .replace(/\]\(/g, "]\\("),
    )
    .join("")
    .replace(/^(#{1,6}|>|[-+])(?=\s)/, "\\$1")
    .replace(/^(?=>|---)/, "\\")
    .replace(/^([01])([.)] )/, "$1\\$2");
}

const styleOf = (node) => (node.getAttribute("data-style") || "").toLowerCase().replace(/\s/g, "");
const isBlank = (node) => !node.textContent.trim();
const isLetter = (sign) => /[\p{L}\p{N}]/u.test(sign);
const oneLine = (text) => text.replace(new RegExp(`[\\s${GAP}]+`, "g"), " ").trim();

function renamed(node, name) {
  const other = node.ownerDocument.createElement(name);
  other.append(...node.childNodes);
  node.replaceWith(other);
  return other;
}

function letters(number, upper) {
  let word = "";
  for (let rest = number; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    word = String.fromCharCode(97 + ((rest - 1) % 26)) + word;
  }
  return upper ? word.toUpperCase() : word;
}

function roman(number, upper) {
  const signs = [[1000, "m"], [900, "cm"], [500, "d"], [400, "cd"], [100, "c"], [90, "xc"],
    [50, "l"], [40, "xl"], [10, "x"], [9, "ix"], [5, "v"], [4, "iv"], [1, "i"]];
  let word = "";
  let rest = number;
  for (const [value, sign] of signs) for (; rest >= value; rest -= value) word += sign;
  return upper ? word.toUpperCase() : word;
}

// What a browser draws before an item of a numbered list.
function numberOf(item) {
  const list = item.parentNode;
  const items = [...list.children].filter((child) => child.nodeName === "LI");
  const step = list.hasAttribute("reversed") ? -1 : 1;
  const begin = parseInt(list.getAttribute("start"), 10);
  let number = Number.isNaN(begin) ? (step < 0 ? items.length : 1) : begin;
  for (const other of items) {
    const own = parseInt(other.getAttribute("value"), 10);
    if (!Number.isNaN(own)) number = own;
    if (other === item) break;
    number += step;
  }
  const styles = [item, list].map((node) => /list-style(?:-type)?:([\w-]+)/.exec(styleOf(node)));
  const [, style] = styles.find(Boolean) || [];
  const kind = style || list.getAttribute("type") || "";
  const drawn = /^(a|(lower|upper)-(alpha|latin))$/i.test(kind) ? letters
    : /^(i|(lower|upper)-roman)$/i.test(kind) ? roman : String;
  return number < 1 ? String(number) : drawn(number, /^(A|I|upper.*)$/.test(kind));
}

// Word writes a list as paragraphs with the bullet, or the number, as text.
function wordLists(body) {
  for (const paragraph of body.querySelectorAll("p, h1, h2, h3, h4, h5, h6, div")) {
    if (!styleOf(paragraph).includes("mso-list:l")) continue;
    const marker = [...paragraph.querySelectorAll("span")].find((span) =>
      styleOf(span).includes("mso-list:ignore"),
    );
    const mark = marker ? marker.textContent.trim() : "";
    const isNumber = /[\p{L}\p{N}]/u.test(mark) && !/^[o\u00a7\u00d8\u00fcvqn]$/.test(mark);
    if (marker) marker.remove();
    if (/^H\d$/.test(paragraph.nodeName)) {
      if (isNumber) paragraph.prepend(`${mark} `);
      continue;
    }
    const level = Number((/level(\d)/.exec(styleOf(paragraph)) || [])[1] || 1);
    renamed(paragraph, "p").dataset.item = `${"   ".repeat(level - 1)}${isNumber ? mark : "-"} `;
  }
}

// Signs of fonts that the page has not.
const FONTS = {
  wingdings: { J: "☺", K: "😐", L: "☹", "à": "→", "ß": "←", "è": "➔", "ü": "✓", "û": "✗", "þ": "☑", "ý": "☒",
    "§": "▪", "Ø": "➢", v: "❖", q: "❑", o: "☐", "¨": "☐", n: "■", l: "●", "(": "☎", "*": "✉", "«": "★" },
  symbol: { "·": "•", "®": "→", "¬": "←", "Þ": "⇒", "£": "≤", "³": "≥", "´": "×", "¹": "≠", "-": "−", D: "Δ", m: "μ", p: "π", W: "Ω" },
};

function symbols(body) {
  for (const node of body.querySelectorAll("span, font")) {
    const family = /font-family:([^;,]*)/.exec(styleOf(node));
    const font = (node.getAttribute("face") || (family && family[1]) || "").toLowerCase().replace(/["']/g, "");
    if (!Object.hasOwn(FONTS, font) || node.children.length) continue;
    node.textContent = [...node.textContent].map((sign) => FONTS[font][sign] || sign).join("");
  }
}

const RAISED = { sup: "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ", sub: "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎ₙ" };
const LEVEL = "0123456789+-−()n";

// "10⁶" is another number than "106".
function raised(body) {
  for (const node of body.querySelectorAll("sup, sub")) {
    const signs = [...node.textContent.trim()].map((sign) => RAISED[node.nodeName.toLowerCase()][LEVEL.indexOf(sign)]);
    if (signs.length && signs.every(Boolean)) node.textContent = signs.join("");
  }
}

// Bold and italics that are a matter of style: Google Docs, Word, Pages. Of runs behind
// each other one, and around paragraphs none.
function styledSpans(body) {
  for (const node of body.querySelectorAll("b, strong")) {
    if (/font-weight:(normal|400)/.test(styleOf(node))) renamed(node, "span");
  }
  for (const node of body.querySelectorAll("span")) {
    if (isBlank(node)) continue;
    const style = styleOf(node);
    const bold = /font-weight:(bold|[6-9]00)/.test(style);
    if (/text-decoration[\w-]*:[^;]*line-through/.test(style)) {
      const inner = node.ownerDocument.createElement("s");
      inner.append(...node.childNodes);
      node.append(inner);
    }
    if (/font-style:italic/.test(style)) renamed(bold ? wrapped(node, "b") : node, "i");
    else if (bold) renamed(node, "b");
  }
  for (const node of body.querySelectorAll("strong, em, del, strike")) {
    renamed(node, { STRONG: "b", EM: "i" }[node.nodeName] || "s");
  }
  for (const node of body.querySelectorAll("b, i, s")) {
    if (node.querySelector(BLOCKS) || node.parentNode.closest(node.nodeName)) renamed(node, "span");
  }
  for (const node of body.querySelectorAll("b, i, s")) {
    while (node.nextSibling && node.nextSibling.nodeName === node.nodeName) {
      node.append(...node.nextSibling.childNodes);
      node.nextSibling.remove();
    }
  }
}

function wrapped(node, name) {
  const inner = node.ownerDocument.createElement(name);
  inner.append(...node.childNodes);
  node.append(inner);
  return node;
}

// Lists that stand beside the item that they belong to, and lines that are empty.
function tidied(body) {
  for (const list of body.querySelectorAll("ul > ul, ul > ol, ol > ul, ol > ol")) {
    const item = list.previousElementSibling;
    if (item && item.nodeName === "LI") item.append(list);
  }
  for (const node of body.querySelectorAll("br")) {
    let next = node.nextSibling;
    while (next && next.nodeType === Node.TEXT_NODE && !next.data.trim()) next = next.nextSibling;
    if (!next || next.nodeName !== "BR" || !node.parentNode) continue;
    node.replaceWith(GAP);
  }
}

// The sign beside a node, in its paragraph.
function neighbour(node, before) {
  for (let here = node; here && !here.isBlock; here = here.parentNode) {
    const beside = before ? here.previousSibling : here.nextSibling;
    if (beside) {
      const signs = [...(beside.nodeName === "BR" ? " " : beside.textContent)];
      return (before ? signs.pop() : signs[0]) || " ";
    }
  }
  return " ";
}

// Marks count where no letter is beside them, or no punctuation inside: that moves out.
function emphasis(mark) {
  return (content, node) => {
    if (isBlank(node)) return content;
    const [before, after] = [neighbour(node, true), neighbour(node, false)];
    let [opening, words, closing] = ["", content, ""];
    if (!/\]\(/.test(content)) {
      if (!/\s/.test(after)) [, words, closing] = /^(.*?)((?:\\?[\p{P}\p{S}])*)$/su.exec(words);
      if (!/\s/.test(before)) [, opening, words] = /^((?:\\?[\p{P}\p{S}])*)(.*)$/su.exec(words);
    }
    const joined = (!opening && isLetter(before)) || (!closing && isLetter(after));
    if (!words || (joined && (mark === "*" || /\]\(/.test(content)))) return content;
    const lines = words.split(GAP).map((line) => line.trim() && `${mark}${line.trim()}${mark}`);
    return opening + lines.join(GAP) + closing;
  };
}

const BETWEEN = /^(www\.google\.\w+\/url|l\.facebook\.com\/l\.php|[\w.]+\.safelinks\.protection\.outlook\.com\/.*)$/;

// Where a link leads, without the pages in between that note who followed it.
function addressOf(node) {
  const address = node.getAttribute("href").trim();
  try {
    const url = new URL(address);
    const place = `${url.host}${url.pathname}`;
    if (!BETWEEN.test(place)) return address;
    const behind = ["q", "url", "u"].map((name) => url.searchParams.get(name) || "");
    return behind.find((found) => LINK.test(found)) || address;
  } catch {
    return address;
  }
}

const turndown = new TurndownService({
  headingStyle: "atx", hr: "---", bulletListMarker: "-", emDelimiter: "*", br: "",
  blankReplacement: (content, node) => (node.isBlock ? "\n\n" : content),
});
turndown.escape = escaped;
turndown.addRule("bold", { filter: "b", replacement: emphasis("**") });
turndown.addRule("italics", { filter: "i", replacement: emphasis("*") });
turndown.addRule("struck", { filter: "s", replacement: emphasis("~~") });
turndown.addRule("dropped", {
  filter: (node) => DROPPED.has(node.nodeName.toUpperCase()) || HIDDEN.test(styleOf(node)),
  replacement: () => "",
});
// Of pictures only those that stand for a sign.
turndown.addRule("picture", {
  filter: "img",
  replacement: (_content, node) => {
    const alt = node.getAttribute("alt") || "";
    return /^[\p{Emoji}\p{M}\u200d\ufe0f]{1,16}$/u.test(alt) && !/^[\d#*]+$/.test(alt) ? alt : "";
  },
});
turndown.addRule("heading", {
  filter: ["h1", "h2", "h3", "h4", "h5", "h6"],
  replacement: (content, node) => {
    const words = oneLine(content).replace(/#+$/, "\\$&");
    return words ? `\n\n${"#".repeat(Number(node.nodeName[1]))} ${words}\n\n` : "\n\n";
  },
});
// "> 500" in a text is no quotation: its mark stands on a line before.
turndown.addRule("quotation", {
  filter: "blockquote",
  replacement: (content) => {
    const lines = content.replaceAll(GAP, "\n\n").trim().replace(/^(?=\d)/, "\n").replace(/^/gm, "> ");
    return `\n\n${lines}\n\n`;
  },
});
turndown.addRule("quoted", { filter: "q", replacement: (content) => `“${content}”` });
turndown.addRule("link", {
  filter: (node) => node.nodeName === "A" && node.hasAttribute("href"),
  replacement: (content, node) => {
    const address = addressOf(node);
    const words = oneLine(node.querySelector(BLOCKS) ? content.replace(/^(#+|-|\d+\.) /gm, "") : content);
    if (!LINK.test(address) || !words) return content;
    if (words === address.replace(/^mailto:/i, "")) return words;
    const encoded = address.replace(/[()\s<>]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);
    return `[${words}](${encoded})`;
  },
});
turndown.addRule("code", {
  filter: ["code", "kbd", "samp", "tt"],
  replacement: (_content, node) => escaped(node.textContent),
});
turndown.addRule("pre", {
  filter: "pre",
  replacement: (_content, node) =>
    `\n\n${node.textContent.trim().split("\n").map((line) => escaped(line.trim())).join("\n")}\n\n`,
});
turndown.addRule("item", {
  filter: "li",
  replacement: (content, node) => {
    const mark = node.parentNode.nodeName === "OL" ? `${numberOf(node)}. ` : "- ";
    const lines = content.replaceAll(GAP, "\n").trim().replace(/\n{2,}/g, "\n");
    return lines ? `${mark}${lines.replace(/\n/g, `\n${" ".repeat(mark.length)}`)}\n` : "";
  },
});
turndown.addRule("word-item", {
  filter: (node) => node.nodeName === "P" && node.dataset.item !== undefined,
  replacement: (content, node) => `\n${node.dataset.item}${oneLine(content)}\n`,
});
// A table becomes lines; one that only places what is in it, what is in it.
turndown.addRule("row", {
  filter: "tr",
  replacement: (_content, node) => {
    const filled = [...node.cells].filter((cell) => !isBlank(cell));
    const places = filled.length < 2 || filled.some((cell) => cell.querySelector(PLACED));
    const cells = (places ? filled : [...node.cells]).map((cell) => turndown.turndown(cell.innerHTML));
    if (!places) return `\n${cells.map(oneLine).join(" | ")}\n`;
    const isLine = cells.length < 2 && !cells.join("").includes("\n");
    return isLine ? `\n${cells.join("")}\n` : `\n\n${cells.join("\n\n")}\n\n`;
  },
});
turndown.addRule("table", {
  filter: ["table", "thead", "tbody", "tfoot"],
  replacement: (content, node) => {
    const around = node.nodeName === "TABLE" ? "\n\n" : "\n";
    return `${around}${content.replace(/^\n+|\n+$/g, "")}${around}`;
  },
});

function markdown(html) {
  // The page's policy forbids style, and would complain of each.
  const bare = html
    .replace(/<style[\s>][^]*?<\/style>/gi, "")
    .replace(/(<[a-z][^<>]*?\s)style=/gi, "$1data-style=");
  const { body } = new DOMParser().parseFromString(bare, "text/html");
  symbols(body);
  raised(body);
  wordLists(body);
  tidied(body);
  styledSpans(body);
  return turndown.turndown(body).replace(new RegExp(`\\s*${GAP}\\s*`, "g"), "\n\n").replace(/\n{3,}/g, "\n\n").replace(/[ \t]+$/gm, "").trim();
}

// The field whose format another field of the form may say.
function isMarkdown(field) {
  const format = field.form && field.form.elements.namedItem("text_format");
  return field.matches("textarea[data-markdown]") && (!format || format.value !== "plain");
}

document.addEventListener("paste", (event) => {
  const field = event.target;
  const html = event.clipboardData && event.clipboardData.getData("text/html");
  if (!html || !isMarkdown(field)) return;
  const text = markdown(html);
  if (!text) return;
  event.preventDefault();
  // So that it can be undone; where a browser does not know it, without.
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// Django's script numbers the fields of a new row, and not what points to them.
document.addEventListener("formset:added", (event) => {
  for (const toolbar of event.target.querySelectorAll("markdown-toolbar")) {
    const field = toolbar.parentNode.querySelector("textarea");
    if (field) toolbar.setAttribute("for", field.id);
  }
});
