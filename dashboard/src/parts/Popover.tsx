// A button with a panel below it, closed by Escape and by a press elsewhere.
import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export function Popover({ label, class: kind = "", children, side = "end" }:
  { label: ComponentChildren; class?: string; side?: "start" | "end"; children: (close: () => void) => ComponentChildren }) {
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const close = () => {
    open.value = false;
    root.current?.querySelector("button")?.focus();
  };
  useEffect(() => {
    if (!open.value) return;
    const elsewhere = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) open.value = false;
    };
    addEventListener("pointerdown", elsewhere);
    return () => removeEventListener("pointerdown", elsewhere);
  }, [open.value]);
  return (
    <div class={`popover ${kind}`} ref={root}
      onKeyDown={(event) => { if (event.key === "Escape" && open.value) { event.preventDefault(); event.stopPropagation(); close(); } }}>
      <button class="quiet" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>{label}</button>
      {open.value && <div class={`popover-panel at-${side}`}>{children(close)}</div>}
    </div>
  );
}
