import own from {SOURCE};
export default async (environment) => {
  const found = await (typeof own === "function" ? own(environment) : own);
  const { projects, workspace, ...test } = found.test ?? {};
  return { ...found, test };
};
