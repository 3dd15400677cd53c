// What every node has, for projects without @types/node; declared loosely, since it is not what is checked.
declare var process: any;
declare var Buffer: any;
declare var global: any;
declare var module: any;
declare var exports: any;
declare var require: any;
declare var setImmediate: any;
declare var clearImmediate: any;
declare var __dirname: any;
declare var __filename: any;
declare var describe: any;
declare var it: any;
declare var test: any;
declare var expect: any;
declare var beforeEach: any;
declare var afterEach: any;
declare var jest: any;
