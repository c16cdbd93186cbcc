// What could not be read of the captures. What came before it stands.
import { source } from "../state";
import { S } from "../strings";

export function Warnings() {
  if (source.value.kind !== "capture" || source.value.warnings.length === 0) return null;
  return (
    <div class="banner" role="alert">
      <b>{S.warnings}.</b>
      {source.value.warnings.map((warning) => <span key={warning}> {warning}.</span>)}
    </div>
  );
}
