/** How the parts of the page tell the host what the user does. */

import type { Intent } from "../shared/messages";

export type Send = (intent: Intent) => void;
