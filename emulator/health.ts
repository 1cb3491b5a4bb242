import type { Clock } from './clock.ts';
import type { RunningContainer } from './drivers/driver.ts';
import type { HealthCheck } from './task-specs.ts';

interface Watch {
  readonly clock: Clock;
  /** Aborted when the container has ended. */
  readonly until: AbortSignal;
  readonly onStatus: (status: 'HEALTHY' | 'UNHEALTHY') => void;
}

/**
 * Runs a container's health check over and over. It is HEALTHY after one success, and UNHEALTHY after `retries` failures
 * in a row, those within the start period not counted (APIReference/API_HealthCheck).
 */
export async function watchHealth(running: RunningContainer, check: HealthCheck, watch: Watch): Promise<void> {
  const { clock, until, onStatus } = watch;
  let failures = 0;
  for (let elapsed = 0; !until.aborted; elapsed += check.interval) {
    const exitCode = await running.execute(check.command, check.timeout * 1000);
    if (until.aborted) return;
    if (exitCode === 0) {
      failures = 0;
      onStatus('HEALTHY');
    } else if (elapsed >= check.startPeriod) {
      failures += 1;
      if (failures >= check.retries) onStatus('UNHEALTHY');
    }
    await clock.pause(check.interval, until);
  }
}
