// What people corrected on an item, and a form for what is wrong most often; the API takes more, and checks it all.

import { countries, countryName, element, time } from "./view.js";

const ROLES = ["host", "lead", "contributor", "pledged", "withdrew", "mentioned"];
const GONE = { superseded: "corrected again since", withdrawn: "withdrawn" };

// What a change says (services/index/corrections.py).
function words(change) {
  const no = change.remove ? "no " : "";
  switch (change.tag) {
    case "relevance":
      return change.relevant ? "about the mission" : "not about the mission";
    case "country":
      return change.role ? `${countryName(change.code)} · ${change.role}` : `${countryName(change.code)} is not named`;
    case "entity":
      return `${no}${change.type} ${change.name}`;
    case "figure":
      return `${no}figure ${change.value.toLocaleString("en")} ${change.unit} ${change.kind}`;
    case "story":
      return change.story_id ? "tells another story" : "a story by itself";
    case "event":
      return `${no}event ${change.type.replaceAll("_", " ")}`;
    default:
      return `${no}${change.id}`;
  }
}

function line(one, withdrawals, withdraw) {
  const by = withdrawals.get(one.id);
  const undo = element("button", { type: "button", className: "quiet", textContent: "Withdraw" });
  undo.addEventListener("click", () => withdraw(one.id));
  const gone = by ? `withdrawn by ${by.author}${by.reason ? `: ${by.reason}` : ""}` : GONE[one.state];
  return element(
    "li",
    { className: gone ? "gone" : "" },
    element("strong", { textContent: words(one.change) }),
    ` — ${one.author}, `,
    time(one.at),
    `: ${one.reason}`,
    gone ? element("span", { className: "meta", textContent: ` (${gone})` }) : null,
    one.state === "counts" ? undo : null,
  );
}

function labelled(words, field, wide = false) {
  return element("div", { className: wide ? "field wide" : "field" }, element("label", { htmlFor: field.id, textContent: words }), field);
}

function options(id, pairs) {
  return element("select", { id }, ...pairs.map(([value, name]) => new Option(name, value)));
}

// kind -> [what it is called, its fields, the change that they make]
function kinds(item) {
  const country = options("correct-country", [["", "Choose…"], ...countries()]);
  const role = options("correct-role", [...ROLES.map((one) => [one, one]), ["", "not named"]]);
  const entity = element("input", { id: "correct-entity", maxLength: 200, placeholder: "e.g. person/godfrey-otunge" });
  const name = element("input", { id: "correct-name", maxLength: 200, placeholder: "where no item names it yet" });
  const named = item.entities.filter((one) => one.type !== "mission");
  const gone = options("correct-gone", named.map((one, number) => [number, `${one.type} ${one.name}`]));
  const relevance = { tag: "relevance", relevant: !item.relevant };
  return {
    relevance: [`It is ${item.relevant ? "not " : ""}about the mission`, [], () => relevance],
    country: [
      "A country and its role",
      [labelled("Country", country), labelled("Role", role)],
      () => ({ tag: "country", code: country.value, role: role.value || null }),
    ],
    add: [
      "Add a person, organisation, place or gang",
      [labelled("Id in the gazetteer", entity), labelled("Name", name)],
      () => ({ tag: "entity", id: entity.value.trim(), name: name.value.trim() || null }),
    ],
    ...(named.length && {
      remove: [
        "Remove a person, organisation, place or gang",
        [labelled("Not named", gone)],
        () => {
          const { id, type, name } = named[gone.value];
          return { tag: "entity", id, type, name, remove: true };
        },
      ],
    }),
  };
}

// The corrections of an item and the form. send(change, reason), withdraw(id): do it, show the item again, or throw.
export function corrections(item, send, withdraw) {
  const trouble = element("p", { className: "bad", role: "alert" });
  const trying = async (step) => {
    trouble.textContent = "";
    await step().catch((error) => (trouble.textContent = error.message));
  };
  const withdrawals = new Map(
    item.corrections.filter((one) => one.change.tag === "withdrawal").map((one) => [one.change.of, one]),
  );
  const said = item.corrections.filter((one) => one.change.tag !== "withdrawal");
  const list = said.map((one) => line(one, withdrawals, (id) => trying(() => withdraw(id))));
  const offered = kinds(item);
  const kind = options("correct-kind", Object.entries(offered).map(([key, [called]]) => [key, called]));
  const fields = element("div", { className: "fields" });
  const reason = element("input", { id: "correct-reason", maxLength: 500, required: true });
  kind.addEventListener("change", () => fields.replaceChildren(...offered[kind.value][1]));
  const form = element(
    "form",
    { className: "correct" },
    labelled("What is wrong", kind, true),
    fields,
    labelled("Why (others read it)", reason, true),
    element("button", { type: "submit", textContent: "Save" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    trying(() => send(offered[kind.value][2](), reason.value));
  });
  return element(
    "section",
    { className: "corrections", ariaLabel: "Corrections" },
    list.length ? element("h3", { textContent: "Corrections" }) : null,
    list.length ? element("ul", {}, ...list) : null,
    element("details", {}, element("summary", { textContent: "Correct this item" }), form),
    trouble,
  );
}
