forgeWatched.check();
for (let at = 0; at < forgeWatched.notes.length; at += 1) forgePassing[forgePassing.length] = {NOTED} + forgeWatched.notes[at];
