/** Looks up a program as a shell would: a path is taken as it is, a name is sought on the `PATH`. */

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, extname, isAbsolute, join } from "node:path";

export function findProgram(
  name: string,
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): string | null {
  if (isAbsolute(name)) return canRun(name) ? name : null;
  // A path relative to the working directory would let a workspace choose the program.
  if (/[\\/]/.test(name)) return null;
  const folders = (environment["PATH"] ?? environment["Path"] ?? "").split(delimiter);
  for (const folder of folders.filter((each) => isAbsolute(each))) {
    for (const ending of endings(name, environment, platform)) {
      const path = join(folder, name + ending);
      if (canRun(path)) return path;
    }
  }
  return null;
}

function endings(name: string, environment: NodeJS.ProcessEnv, platform: string): string[] {
  if (platform !== "win32" || extname(name) !== "") return [""];
  return (environment["PATHEXT"] ?? ".EXE;.CMD;.BAT").split(";");
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
