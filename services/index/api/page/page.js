// The page: a key, a search, the latest stories, feed health. It writes nothing but corrections of items.

import { corrections } from "./correct.js";
import * as view from "./view.js";

const REFRESH_MS = 15_000;
const STORED = "news-api-key";

const by = (id) => document.getElementById(id);
let shown = { query: "", cursor: null, pages: 0 };
let offered = ""; // the search whose feeds are linked
let asked = 0; // the number of the latest search: an older one's answer that comes late is not shown

class Refused extends Error {}

function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value !== null);
  return ask("GET", path + (given.length ? `?${new URLSearchParams(given)}` : ""));
}

async function ask(method, path, sent = null) {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(STORED)}` };
  if (sent) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: sent && JSON.stringify(sent) });
  } catch {
    throw new Error("The monitor does not answer. Is it running?");
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401) throw new Refused(body.detail);
  if (!answer.ok) throw new Error([body.detail, body.hint].filter(Boolean).join(": ") || `Error ${answer.status}`);
  return body;
}

// Run a step, and say in words what went wrong. A key that is not known leads back to the door.
async function trying(step) {
  try {
    await step();
    by("trouble").hidden = true;
  } catch (error) {
    if (error instanceof Refused) sessionStorage.removeItem(STORED);
    by("trouble").textContent = error instanceof Refused ? "This API key is not known here." : error.message;
    by("trouble").hidden = false;
    if (error instanceof Refused) enter();
  }
}

function wanted() {
  return {
    q: by("q").value.trim(),
    country: by("country").value,
    language: by("language").value,
    relevant: by("relevant").checked ? "true" : "",
    sort: by("sort").value,
    size: 20,
  };
}

async function search(cursor = null) {
  const parameters = wanted();
  const query = JSON.stringify(parameters);
  const number = ++asked;
  const page = await get("/v1/items", { ...parameters, cursor });
  if (number !== asked) return;
  const items = page.items.map(view.result);
  if (cursor) by("results").append(...items);
  else by("results").replaceChildren(...items);
  shown = { query, cursor: page.cursor, pages: cursor ? shown.pages + 1 : 1 };
  by("more").hidden = !page.cursor;
  by("search-status").textContent = found(page.total, parameters);
  if (cursor) items[0]?.querySelector("a").focus();
  else await offerFeeds(parameters);
}

// The shown search for feed readers: for those that look into the page, and as links to take along.
async function offerFeeds({ q, country, language, relevant }) {
  const search = JSON.stringify({ q, country, language, relevant });
  if (search === offered) return;
  offered = search;
  const links = await get("/v1/feed-links", { q, country, language, relevant }).catch((error) => {
    offered = "";
    throw error;
  });
  if (search !== offered) return; // another search was made meanwhile
  document.head.querySelectorAll("link[rel=alternate]").forEach((old) => old.remove());
  document.head.append(...view.alternates(links));
  by("follow").replaceChildren(...view.followLinks(links));
}

function found(total, parameters) {
  if (total.value) return `${total.exact ? "" : "More than "}${total.value.toLocaleString("en")} found`;
  const filtered = parameters.q || parameters.country || parameters.language;
  if (filtered) return "Nothing matches. Try fewer words or filters.";
  return "No news yet. Items appear here as soon as a feed has them.";
}

async function stories() {
  const { stories: latest } = await get("/v1/stories", { size: 8 });
  by("stories").replaceChildren(...latest.map(view.story));
  by("stories-status").textContent = latest.length ? "" : "No stories yet.";
}

async function feeds() {
  const health = await get("/v1/feeds/health");
  by("feeds").tBodies[0].replaceChildren(...health.feeds.map(view.feed));
  by("feeds").hidden = health.feeds.length === 0;
  const failing = health.feeds.filter((one) => one.failures > 0).length;
  by("feeds-status").textContent = health.total
    ? `${health.total} feeds, ${failing ? `${failing} failing` : "none failing"}`
    : "No feed has been polled yet.";
}

async function openItem(id) {
  const address = `/v1/items/${encodeURIComponent(id)}`;
  const item = await get(address);
  const send = (change, reason) => ask("POST", `${address}/corrections`, { change, reason }).then(() => openItem(id));
  const withdraw = (one) => ask("DELETE", `${address}/corrections/${encodeURIComponent(one)}`).then(() => openItem(id));
  by("item-title").textContent = item.title;
  by("item-title").lang = item.language;
  by("item-body").replaceChildren(...view.whole(item), corrections(item, send, withdraw));
  if (!by("item").open) by("item").showModal();
}

async function openFeed(id) {
  const health = await get(`/v1/feeds/${encodeURIComponent(id)}/health`);
  by("item-title").textContent = health.title || health.url;
  by("item-title").lang = "";
  by("item-body").replaceChildren(...view.feedHealth(health));
  if (!by("item").open) by("item").showModal();
}

// #key=... is taken and removed from the address; #item=ID opens an item, #feed=ID the health of a feed.
async function followAddress() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const key = fragment.get("key");
  if (key) {
    sessionStorage.setItem(STORED, key);
    fragment.delete("key");
    history.replaceState(null, "", location.pathname + (fragment.size ? `#${fragment}` : ""));
  }
  if (!sessionStorage.getItem(STORED)) return;
  const [item, feed] = [fragment.get("item"), fragment.get("feed")];
  if (item) await trying(() => openItem(item));
  else if (feed) await trying(() => openFeed(feed));
  else if (by("item").open) by("item").close();
}

// Live, without taking from under somebody's hands what they read or type: a first page that is not in use.
async function refresh() {
  if (document.hidden || by("monitor").hidden) return;
  const idle = shown.pages === 1 && shown.query === JSON.stringify(wanted()) && !by("results").contains(document.activeElement);
  await trying(() => Promise.all([stories(), feeds(), idle ? search() : null]));
}

async function enter() {
  const key = sessionStorage.getItem(STORED);
  by("door").hidden = Boolean(key);
  by("monitor").hidden = by("forget").hidden = !key;
  if (!key) {
    by("key").focus();
    return;
  }
  by("search-status").textContent = "Searching…";
  await trying(() => Promise.all([search(), stories(), feeds()]));
}

by("country").append(...view.countries().map(([code, name]) => new Option(name, code)));
by("key-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  sessionStorage.setItem(STORED, by("key").value.trim());
  by("key").value = "";
  by("trouble").hidden = true;
  await enter();
  await followAddress();
});
by("forget").addEventListener("click", () => {
  sessionStorage.removeItem(STORED);
  enter();
});
by("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  trying(() => search());
});
for (const id of ["country", "language", "sort", "relevant"]) by(id).addEventListener("change", () => trying(() => search()));
by("more").addEventListener("click", () => trying(() => search(shown.cursor)));
by("item").addEventListener("close", () => {
  if (/item=|feed=/.test(location.hash)) history.replaceState(null, "", location.pathname);
});
window.addEventListener("hashchange", async () => {
  const before = sessionStorage.getItem(STORED);
  await followAddress();
  if (sessionStorage.getItem(STORED) !== before) await enter();
});

await followAddress();
await enter();
setInterval(refresh, REFRESH_MS);
