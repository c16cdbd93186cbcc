// Light, dark, or as the system says. The choice is remembered where the browser allows it.
import { effect } from "@preact/signals";
import { theme, type Theme } from "./state";

const kOrder: readonly Theme[] = ["auto", "light", "dark"];
const kKey = "netscope-theme";

function remembered(): Theme {
  try {
    return kOrder.find((name) => name === localStorage.getItem(kKey)) ?? "auto";
  } catch {
    return "auto"; // no storage for files, in some browsers
  }
}

export function followTheme(): void {
  theme.value = remembered();
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    try {
      localStorage.setItem(kKey, theme.value);
    } catch {
      // It lasts as long as the page.
    }
  });
}

export function nextTheme(): void {
  theme.value = kOrder[(kOrder.indexOf(theme.value) + 1) % kOrder.length]!;
}

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
