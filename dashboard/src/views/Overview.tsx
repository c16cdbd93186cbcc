// What is going on, on one screen: figures, time, why blocked, who and what, the map, health.
import { BarLists } from "../parts/BarList";
import { Figures } from "../parts/Figures";
import { FlowMap } from "../parts/FlowMap";
import { HealthLine } from "../parts/Health";
import { TimelineChart } from "../parts/Timeline";
import { Warnings } from "../parts/Warnings";
import { WhyBlocked } from "../parts/WhyBlocked";
import { phase, stats } from "../state";
import { S } from "../strings";

export function Overview() {
  const shown = stats.value;
  if (shown === null) return <p class="empty muted">{S.phases.connecting}</p>;
  return (
    <div class="overview">
      {phase.value.is === "lost" && <p class="banner is-bad" role="alert">{S.lost}</p>}
      <Warnings />
      <Figures stats={shown} />
      <TimelineChart stats={shown} />
      <WhyBlocked stats={shown} />
      <BarLists stats={shown} />
      <FlowMap stats={shown} />
      <HealthLine stats={shown} />
    </div>
  );
}
