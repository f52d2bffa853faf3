// From data to elements. Text only ever becomes text (textContent), links only ever http(s).

const countryNames = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });
const languageNames = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const NOT_COUNTRIES = new Set(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"]);

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// [code, name] of today's countries, by name. A code that stands for another one (DD for DE) is left out.
export function countries() {
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  return codes
    .filter((code) => countryNames.of(code) !== code && !NOT_COUNTRIES.has(code))
    .filter((code) => new Intl.Locale(`und-${code}`).region === code)
    .map((code) => [code, countryNames.of(code)])
    .sort(([, left], [, right]) => left.localeCompare(right));
}

export function countryName(code) {
  return countryNames.of(code);
}

export function time(value) {
  if (!value) return document.createTextNode("never");
  const at = new Date(value);
  return element("time", { dateTime: value, title: at.toLocaleString() }, since(at));
}

function since(at) {
  const seconds = (at.getTime() - Date.now()) / 1000;
  const size = Math.abs(seconds);
  if (size < 60) return seconds > 0 ? "within a minute" : "just now";
  if (size < 3600) return ago.format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return ago.format(Math.round(seconds / 3600), "hour");
  if (size < 7 * 86_400) return ago.format(Math.round(seconds / 86_400), "day");
  return at.toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" });
}

function link(url, words) {
  let safe = false;
  try {
    safe = ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    safe = false;
  }
  return safe ? element("a", { href: url, target: "_blank", rel: "noopener noreferrer", textContent: words }) : null;
}

function opener(item) {
  return element("a", {
    href: `#item=${encodeURIComponent(item.item_id)}`,
    lang: item.language,
    textContent: item.title || "(no title)",
  });
}

function meta(item) {
  const feeds = item.feeds.length > 1 ? ` and ${item.feeds.length - 1} more` : "";
  const words = `${item.feed_title || item.feed_id}${feeds} · ${languageNames.of(item.language)} · `;
  return element("p", { className: "meta" }, words, time(item.event_at), item.relevant ? "" : " · not about the mission", item.corrected ? " · corrected" : "");
}

function figure(one) {
  const about = one.approximate ? "about " : "";
  const where = one.country ? ` · ${countryNames.of(one.country)}` : "";
  return `${about}${one.value.toLocaleString("en")} ${one.unit} ${one.kind}${where}`;
}

// At most `most` of each kind, so that a list stays a list.
function tags(item, most) {
  const named = (type) => item.entities.filter((one) => one.type === type).slice(0, most);
  const chip = (kind, words) => element("li", { className: kind, textContent: words });
  const list = element(
    "ul",
    { className: "tags", ariaLabel: "Tags" },
    ...item.countries.slice(0, most).map((one) => chip("country", `${countryNames.of(one.code)} · ${one.role}`)),
    ...["person", "organisation", "place", "gang"].flatMap(named).map((one) => chip(one.type, one.name)),
    ...item.figures.slice(0, most).map((one) => chip("figure", figure(one))),
  );
  return list.children.length ? list : null;
}

export function result(item) {
  return element(
    "li",
    {},
    element("h3", {}, opener(item)),
    meta(item),
    item.summary ? element("p", { className: "summary", lang: item.language, textContent: item.summary }) : null,
    tags(item, 6),
  );
}

export function story(one) {
  const count = one.items === 1 ? "1 report" : `${one.items} reports`;
  return element("li", {}, opener(one.latest), element("p", { className: "meta" }, `${count} · `, time(one.latest.event_at)));
}

const GOOD = ["ok", "not_modified", "unchanged"];

function outcome(one) {
  return one.outcome.replaceAll("_", " ") + (one.status && !GOOD.includes(one.outcome) ? ` (${one.status})` : "");
}

function judged(one, ...children) {
  return element("td", { className: GOOD.includes(one.outcome) ? "good" : "bad", title: one.error || "" }, ...children);
}

export function feed(one) {
  const name = element("a", { href: `#feed=${encodeURIComponent(one.feed_id)}`, textContent: one.title || one.url });
  return element(
    "tr",
    {},
    element("th", { scope: "row", title: one.url }, name),
    judged(one, `${outcome(one)}, `, time(one.at)),
    element("td", { className: one.silent_since ? "bad" : "" }, one.silent_since ? "silent, " : "", time(one.last_item_at)),
    element("td", { className: "number", title: "in a row", textContent: one.failures }),
  );
}

function duration(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

function share(value) {
  return value === null ? "" : `${Math.round(value * 100)} %`;
}

// How one feed fares: facts, then its last polls.
export function feedHealth(one) {
  const facts = [
    ["Next poll", time(one.next_poll_at)],
    ["Latest item", time(one.last_item_at)],
    one.items_a_day === null ? null : ["New items a day", one.items_a_day.toLocaleString("en", { maximumFractionDigits: 1 })],
    one.delay_p50_s === null ? null : ["From publication to here", `${duration(one.delay_p50_s)} (median), ${duration(one.delay_p95_s)} (95 of 100)`],
    one.asked_s === null ? null : ["The publisher asks to wait", duration(one.asked_s)],
    one.silent_since ? ["Silent for longer than its habit, since", time(one.silent_since)] : null,
    one.missed_at ? ["Items may have been missed", time(one.missed_at)] : null,
    one.validators_distrusted ? ["Its 304 answers", "are not trusted: it is fetched whole"] : null,
    one.error ? ["Latest trouble", one.error] : null,
  ].filter((fact) => fact !== null);
  const row = (poll) =>
    element(
      "tr",
      {},
      element("td", {}, time(poll.at)),
      judged(poll, outcome(poll), poll.missed ? ", items may have been missed" : ""),
      element("td", { className: "number", textContent: poll.new_items || "" }),
      element("td", { className: "number", textContent: share(poll.seen_share) }),
      element("td", { className: "number", textContent: `${poll.latency_ms} ms` }),
    );
  const heading = (words, className = "") => element("th", { scope: "col", className, textContent: words });
  const head = element(
    "tr", {}, heading("Poll"), heading("Outcome"), heading("New", "number"), heading("Seen", "number"), heading("Took", "number"),
  );
  const source = link(one.url, one.url);
  return [
    element("p", { className: "meta" }, source || one.url),
    element("dl", {}, ...facts.flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", {}, value)])),
    element("div", { className: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...one.fetches.map(row)))),
  ];
}

export function whole(item) {
  const source = link(item.url, "Read it at the source");
  const events = [...new Set(item.events.map((one) => one.type.replaceAll("_", " ")))];
  return [
    meta(item),
    source ? element("p", {}, source) : null,
    tags(item, 100),
    events.length ? element("p", { className: "meta", textContent: `Events: ${events.join(", ")}` }) : null,
    element("p", { className: "text", lang: item.language, textContent: item.text || item.summary || "(no text)" }),
    ...item.quotes.map((one) =>
      element("blockquote", { lang: item.language, textContent: one.speaker ? `${one.text} (${one.speaker})` : one.text }),
    ),
    item.text_truncated ? element("p", { className: "meta", textContent: "The text goes on at the source." }) : null,
  ].filter((part) => part !== null);
}

const feedForms = [
  ["rss", "RSS", "application/rss+xml"],
  ["atom", "Atom", "application/atom+xml"],
  ["json_feed", "JSON Feed", "application/feed+json"],
];

export function alternates(links) {
  return feedForms.map(([form, title, type]) => element("link", { rel: "alternate", href: links[form], type, title }));
}

export function followLinks(links) {
  const made = feedForms.map(([form, title]) => link(links[form], title)).filter((one) => one !== null);
  return ["Follow this search in a feed reader: ", ...made.flatMap((one, number) => (number ? [" · ", one] : [one]))];
}
