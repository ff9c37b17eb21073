"use strict";

// Everything that is shown is set as text; no markup is ever made of a string.

const byId = (id) => document.getElementById(id);

/** Make an element: its class, its attributes, and its children, of which strings become text. */
function el(tag, options, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options || {})) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Text of models, pages and files: its direction is its own, and it leaves its surroundings alone. */
const told = (text, tag = "bdi", options = {}) => el(tag, { dir: "auto", ...options }, String(text));

/** Make a link only of an address that a browser opens as a page. */
function outside(title, address) {
  let url = null;
  try {
    url = new URL(address);
  } catch {
    // what is no address stays text
  }
  if (!url || !["http:", "https:"].includes(url.protocol)) return told(title);
  return told(title, "a", { href: url.href, rel: "noreferrer noopener", target: "_blank" });
}

/** Unpack JSON that lies in the page under gzip, in base64. */
async function unpacked(id) {
  const bytes = Uint8Array.from(atob(byId(id).textContent), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** What the address says after its #: filters, and the case that is open. */
const KEYS = ["q", "went", "agent", "culture", "suite", "mode", "finding", "status", "norm", "place"];
const inAddress = () => new URLSearchParams(location.hash.slice(1));

function address(wanted) {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(wanted)) if (value) parameters.set(key, value);
  return `#${parameters}` === "#" ? "#cases" : `#${parameters}`;
}
