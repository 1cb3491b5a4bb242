import type { World } from './state.ts';

type Place = Pick<World, 'account' | 'region'>;

const ecs = ({ account, region }: Place, resource: string): string => `arn:aws:ecs:${region}:${account}:${resource}`;

export const clusterArn = (place: Place, name: string): string => ecs(place, `cluster/${name}`);

export const taskDefinitionArn = (place: Place, name: string): string => ecs(place, `task-definition/${name}`);

export const taskArn = (place: Place, resource: { cluster: string; id: string }): string =>
  ecs(place, `task/${resource.cluster}/${resource.id}`);

export const containerArn = (place: Place, resource: { cluster: string; task: string; id: string }): string =>
  ecs(place, `container/${resource.cluster}/${resource.task}/${resource.id}`);

export const logGroupArn = (place: Place, name: string): string =>
  `arn:aws:logs:${place.region}:${place.account}:log-group:${name}`;

/** What follows the last slash: a cluster's name or a task's id, of an ARN or by itself. */
export const lastSegment = (nameOrArn: string): string => nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);
