// The filter, the time and the view live behind the address's #, so that a view can be kept, sent and gone back to.
import { batch, effect } from "@preact/signals";
import { filter, kViews, range, view, type ViewName } from "./state";

export interface Place { view: ViewName; filter: string; range: { from: number; to: number } | null }

export function readPlace(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const fields = new URLSearchParams(query);
  const from = Number(fields.get("from") ?? NaN), to = Number(fields.get("to") ?? NaN);
  return {
    view: kViews.find((name) => name === path) ?? "overview",
    filter: fields.get("filter") ?? "",
    range: from < to ? { from, to } : null,
  };
}

export function writePlace(place: Place): string {
  const fields = new URLSearchParams();
  if (place.filter !== "") fields.set("filter", place.filter);
  if (place.range !== null) {
    fields.set("from", String(place.range.from));
    fields.set("to", String(place.range.to));
  }
  const query = fields.toString();
  return `#/${place.view}${query === "" ? "" : `?${query}`}`;
}

/** Keeps the address and the page in step. Another view, filter or time is a step that "back" takes back. */
export function followAddress(): void {
  const read = () => batch(() => {
    const place = readPlace(location.hash);
    view.value = place.view;
    filter.value = place.filter;
    if (JSON.stringify(place.range) !== JSON.stringify(range.value)) range.value = place.range;
  });
  read();
  addEventListener("popstate", read);
  effect(() => {
    const address = writePlace({ view: view.value, filter: filter.value, range: range.value });
    if (address !== writePlace(readPlace(location.hash))) history.pushState(null, "", address);
  });
}
