// A value that the filter is narrowed to by a press.
import { filterWord, toggleFilter } from "../session";
import { S } from "../strings";

export function Only({ field, value }: { field: string; value: string }) {
  const condition = filterWord(field, value);
  return <button class="link" title={`${S.filterBy} ${condition}`} onClick={() => toggleFilter(condition)}>{value}</button>;
}
