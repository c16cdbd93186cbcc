// The page: the address, the theme, a gateway where there is one, and the frame.
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./look/base.css";
import "./look/frame.css";
import "./look/overview.css";
import "./look/tables.css";
import "./look/rules.css";
import { App } from "./App";
import { CoreClient } from "./core/client";
import { followKeys } from "./keys";
import { followView } from "./session";
import { watchGateway } from "./sources/gateway";
import { now } from "./state";
import { followTheme } from "./theme";
import { followAddress } from "./url";

followTheme();
followAddress();
followView();
followKeys();
setInterval(() => (now.value = Date.now() / 1000), 1000);
render(<App />, document.getElementById("page")!);
const served = location.protocol !== "file:" && import.meta.env.MODE !== "file";
if (!served || !(await watchGateway())) {
  const whenIdle = globalThis.requestIdleCallback ?? setTimeout; // Safari has no idle callbacks
  whenIdle(() => CoreClient.prepare());
}
