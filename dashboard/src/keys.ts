// Keys that work everywhere but where text is written. Tables take j, k, enter, b and a themselves.
import { undoLast } from "./policy";
import { togglePause } from "./sources/gateway";
import { helpOpen, isLive, kViews, openFlow, openPacket, source, view } from "./state";
import { nextTheme } from "./theme";

const writesText = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");

function closeWhatIsOpen(): boolean {
  if (helpOpen.value) helpOpen.value = false;
  else if (openPacket.value !== null) openPacket.value = null;
  else if (openFlow.value !== null) openFlow.value = null;
  else return false;
  return true;
}

function pressed(key: string): boolean {
  const place = Number(key) - 1;
  if (place in kViews && source.value.kind !== "none") {
    view.value = kViews[place]!;
    return true;
  }
  switch (key) {
    case "/": document.getElementById("filter")?.focus(); return true;
    case " ": if (isLive.value) togglePause(); return isLive.value;
    case "u": void undoLast(); return true;
    case "t": nextTheme(); return true;
    case "?": helpOpen.value = !helpOpen.value; return true;
    case "j":
    case "k": document.querySelector<HTMLElement>("[role=grid]")?.focus(); return true;
    default: return false;
  }
}

export function followKeys(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (closeWhatIsOpen()) event.preventDefault();
      else if (document.activeElement instanceof HTMLElement && writesText(document.activeElement)) document.activeElement.blur();
      return;
    }
    if (writesText(event.target)) return;
    const onButton = event.target instanceof HTMLElement && event.target.matches("button, a, summary, input");
    if (event.key === " " && onButton) return; // a space presses it
    if (pressed(event.key)) event.preventDefault();
  });
}
