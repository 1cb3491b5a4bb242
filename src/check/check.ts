import { type Diagnostic, sortDiagnostics } from '../diagnostics/diagnostic.ts';
import type { CheckContext, Rule } from './rule.ts';
import { airflowArguments } from './rules/airflow-arguments.ts';
import { airflowDagId } from './rules/airflow-dag-id.ts';
import { airflowNoLogs } from './rules/airflow-no-logs.ts';
import { airflowNotSent } from './rules/airflow-not-sent.ts';
import { belongsToDefinition } from './rules/belongs-to-definition.ts';
import { capacityTwice } from './rules/capacity-twice.ts';
import { catchAll } from './rules/catch-all.ts';
import { classNotFound } from './rules/class-not-found.ts';
import { confLeftOut } from './rules/conf-left-out.ts';
import { confirmsElsewhere } from './rules/confirms-elsewhere.ts';
import { credentialsLeftOut } from './rules/credentials-left-out.ts';
import { credentialsUndefined } from './rules/credentials-undefined.ts';
import { gpu } from './rules/gpu.ts';
import { impossibleGroup } from './rules/impossible-group.ts';
import { inputNotThere } from './rules/input-not-there.ts';
import { kubernetesEngine } from './rules/kubernetes-engine.ts';
import { kubernetesKeys } from './rules/kubernetes-keys.ts';
import { leftOutOfImage } from './rules/left-out-of-image.ts';
import { literalSecret } from './rules/literal-secret.ts';
import { localPathOnFargate } from './rules/local-path-on-fargate.ts';
import { malformedName } from './rules/malformed-name.ts';
import { memoryCrossesTasks } from './rules/memory-crosses-tasks.ts';
import { movingImage } from './rules/moving-image.ts';
import { namesNothing } from './rules/names-nothing.ts';
import { network } from './rules/network.ts';
import { noDriver } from './rules/no-driver.ts';
import { nobodyWrites } from './rules/nobody-writes.ts';
import { onePathTwice } from './rules/one-path-twice.ts';
import { outputThrownAway } from './rules/output-thrown-away.ts';
import { overQuota } from './rules/over-quota.ts';
import { overridesTooLong } from './rules/overrides-too-long.ts';
import { partitionsShared } from './rules/partitions-shared.ts';
import { pathNotMoved } from './rules/path-not-moved.ts';
import { placeholder } from './rules/placeholder.ts';
import { plainKedro } from './rules/plain-kedro.ts';
import { roleForm } from './rules/role-form.ts';
import { scheduleCron } from './rules/schedule-cron.ts';
import { scheduleImage } from './rules/schedule-image.ts';
import { scheduleZone } from './rules/schedule-zone.ts';
import { settingsMissing } from './rules/settings-missing.ts';
import { sidecars } from './rules/sidecars.ts';
import { tags } from './rules/tags.ts';
import { taskSize } from './rules/task-size.ts';
import { transcodedApart } from './rules/transcoded-apart.ts';
import { volumeOnFargate } from './rules/volume-on-fargate.ts';

const RULES: readonly Rule[] = [
  airflowArguments,
  airflowDagId,
  airflowNoLogs,
  airflowNotSent,
  belongsToDefinition,
  capacityTwice,
  catchAll,
  classNotFound,
  confLeftOut,
  confirmsElsewhere,
  credentialsLeftOut,
  credentialsUndefined,
  gpu,
  impossibleGroup,
  inputNotThere,
  kubernetesEngine,
  kubernetesKeys,
  localPathOnFargate,
  malformedName,
  memoryCrossesTasks,
  settingsMissing,
  sidecars,
  tags,
  taskSize,
  volumeOnFargate,
  leftOutOfImage,
  literalSecret,
  movingImage,
  namesNothing,
  network,
  noDriver,
  nobodyWrites,
  onePathTwice,
  outputThrownAway,
  overridesTooLong,
  overQuota,
  partitionsShared,
  pathNotMoved,
  placeholder,
  plainKedro,
  roleForm,
  scheduleCron,
  scheduleImage,
  scheduleZone,
  transcodedApart,
];

/** Every finding of every rule, sorted. Never stops at the first. */
export function check(context: CheckContext): Diagnostic[] {
  return sortDiagnostics(RULES.flatMap((rule) => rule(context)));
}
