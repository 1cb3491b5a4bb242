import { argv, endOfProcess, realHost } from './host.ts';
import { main } from './main.ts';

endOfProcess(await main(argv, realHost()));
