// Loaded before the daemon to watch its event loop: told "start", it begins anew; told "read", it
// answers with the longest time in milliseconds that the loop was held up.
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 1;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

process.on("message", (request) => {
  if (request === "start") {
    delay.reset();
    delay.enable();
    process.send("started");
  } else {
    // A loop that was held up answers before the timer that would tell: let that come first.
    setTimeout(() => {
      delay.disable();
      process.send(delay.max / 1e6 - RESOLUTION_MS);
    }, 2 * RESOLUTION_MS);
  }
});
process.channel.unref();
