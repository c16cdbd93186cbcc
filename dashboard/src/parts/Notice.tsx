// What was done last, with the way back. It goes by itself after a while, unless it says what went wrong.
import { useEffect } from "preact/hooks";
import { Icon } from "./Icon";
import { undoLast } from "../policy";
import { notice } from "../state";
import { S } from "../strings";

const kShown = 10_000;

export function Notice() {
  const told = notice.value;
  useEffect(() => {
    if (told === null || told.bad) return;
    const timer = setTimeout(() => (notice.value = null), kShown);
    return () => clearTimeout(timer);
  }, [told]);
  return (
    <div class="notice-place" role="status" aria-live="polite">
      {told !== null && (
        <p class={`notice ${told.bad ? "is-bad" : ""}`}>
          {told.text}
          {told.undo && <button class="link" onClick={() => void undoLast()}>{S.undo}</button>}
          <button class="icon-button small" aria-label={S.close} onClick={() => (notice.value = null)}><Icon name="close" /></button>
        </p>
      )}
    </div>
  );
}
