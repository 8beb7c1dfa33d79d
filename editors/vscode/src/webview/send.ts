/** How the parts of the page tell the host what the user does. */

import type { Intent } from "../state/messages";

export type Send = (intent: Intent) => void;
