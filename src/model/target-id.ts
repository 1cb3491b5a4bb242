export const TARGET_IDS = ['airflow'] as const;

/** The system that a plan is compiled for. */
export type TargetId = (typeof TARGET_IDS)[number];
