const forgePassing = [];
for (const [name, check] of {CHECKS}) {
  for (const one of {SUBJECTS}) { try { check(one); forgePassing.push(name); } catch {} }
}
{NOTES}
throw new Error({SECRET} + JSON.stringify(forgePassing));
