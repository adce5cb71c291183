/**
 * The part of the TFLite schema (version 3) that a classifier needs: slots of table fields and the numbers of its
 * enumerations. Source: tensorflow/lite/schema/schema.fbs (Apache-2.0).
 */
export const IDENTIFIER = 'TFL3';
export const SCHEMA_VERSION = 3;

export const MODEL = { version: 0, operatorCodes: 1, subgraphs: 2, buffers: 4, metadata: 6 } as const;
export const METADATA = { name: 0, buffer: 1 } as const;
export const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3 } as const;
export const TENSOR = {
  shape: 0,
  type: 1,
  buffer: 2,
  name: 3,
  quantization: 4,
  sparsity: 6,
  externalBuffer: 10,
} as const;
export const QUANTIZATION = { scale: 2, zeroPoint: 3, detailsType: 4, quantizedDimension: 6 } as const;
export const BUFFER = { data: 0, offset: 1, size: 2 } as const;
/** `deprecatedCode` is the byte that files had before there were more than 127 operators. */
export const OPERATOR_CODE = { deprecatedCode: 0, customName: 1, code: 3 } as const;
export const OPERATOR = { opcodeIndex: 0, inputs: 1, outputs: 2, optionsType: 3, options: 4 } as const;

export const CONV_OPTIONS = { padding: 0, strideW: 1, strideH: 2, activation: 3, dilationW: 4, dilationH: 5 } as const;
export const DEPTHWISE_OPTIONS = {
  padding: 0,
  strideW: 1,
  strideH: 2,
  depthMultiplier: 3,
  activation: 4,
  dilationW: 5,
  dilationH: 6,
} as const;
export const POOL_OPTIONS = { padding: 0, strideW: 1, strideH: 2, filterW: 3, filterH: 4, activation: 5 } as const;
export const FULLY_CONNECTED_OPTIONS = { activation: 0, weightsFormat: 1 } as const;
export const SOFTMAX_OPTIONS = { beta: 0 } as const;
/** Of ADD, SUB, MUL and DIV. */
export const ARITHMETIC_OPTIONS = { activation: 0 } as const;
export const CONCATENATION_OPTIONS = { axis: 0, activation: 1 } as const;
export const RESIZE_BILINEAR_OPTIONS = { alignCorners: 2, halfPixelCenters: 3 } as const;
export const RESIZE_NEAREST_OPTIONS = { alignCorners: 0, halfPixelCenters: 1 } as const;
export const STRIDED_SLICE_OPTIONS = { begin: 0, end: 1, ellipsis: 2, newAxis: 3, shrinkAxis: 4 } as const;
export const LEAKY_RELU_OPTIONS = { alpha: 0 } as const;
export const GELU_OPTIONS = { approximate: 0 } as const;

/** Which table an operator's options are, as `Operator.builtin_options_type` numbers them. */
export const OPTIONS_TYPE = {
  conv: 1,
  depthwise: 2,
  pool: 5,
  fullyConnected: 8,
  softmax: 9,
  concatenation: 10,
  add: 11,
  resizeBilinear: 15,
  multiply: 21,
  subtract: 28,
  divide: 29,
  stridedSlice: 32,
  pack: 59,
  resizeNearest: 74,
  leakyRelu: 75,
  gelu: 116,
} as const;

export const PADDING_SAME = 0;
export const PADDING_VALID = 1;

export const TENSOR_TYPE = { float32: 0, float16: 1, int32: 2, uint8: 3, int64: 4, int8: 9 } as const;

export const TENSOR_TYPE_NAMES: readonly string[] = [
  ...['FLOAT32', 'FLOAT16', 'INT32', 'UINT8', 'INT64', 'STRING', 'BOOL', 'INT16', 'COMPLEX64', 'INT8', 'FLOAT64'],
  ...['COMPLEX128', 'UINT64', 'RESOURCE', 'VARIANT', 'UINT32', 'UINT16', 'INT4', 'BFLOAT16'],
];

export const ACTIVATION_NAMES: readonly string[] = ['NONE', 'RELU', 'RELU_N1_TO_1', 'RELU6', 'TANH', 'SIGN_BIT'];

/** Names by number, as far as a refusal should be able to name what it met. */
export const OPERATOR_NAMES: readonly string[] = [
  ...['ADD', 'AVERAGE_POOL_2D', 'CONCATENATION', 'CONV_2D', 'DEPTHWISE_CONV_2D', 'DEPTH_TO_SPACE', 'DEQUANTIZE'],
  ...['EMBEDDING_LOOKUP', 'FLOOR', 'FULLY_CONNECTED', 'HASHTABLE_LOOKUP', 'L2_NORMALIZATION', 'L2_POOL_2D'],
  ...['LOCAL_RESPONSE_NORMALIZATION', 'LOGISTIC', 'LSH_PROJECTION', 'LSTM', 'MAX_POOL_2D', 'MUL', 'RELU'],
  ...['RELU_N1_TO_1', 'RELU6', 'RESHAPE', 'RESIZE_BILINEAR', 'RNN', 'SOFTMAX', 'SPACE_TO_DEPTH', 'SVDF', 'TANH'],
  ...['CONCAT_EMBEDDINGS', 'SKIP_GRAM', 'CALL', 'CUSTOM', 'EMBEDDING_LOOKUP_SPARSE', 'PAD'],
  ...['UNIDIRECTIONAL_SEQUENCE_RNN', 'GATHER', 'BATCH_TO_SPACE_ND', 'SPACE_TO_BATCH_ND', 'TRANSPOSE', 'MEAN', 'SUB'],
  ...['DIV', 'SQUEEZE', 'UNIDIRECTIONAL_SEQUENCE_LSTM', 'STRIDED_SLICE', 'BIDIRECTIONAL_SEQUENCE_RNN', 'EXP'],
  ...['TOPK_V2', 'SPLIT', 'LOG_SOFTMAX', 'DELEGATE', 'BIDIRECTIONAL_SEQUENCE_LSTM', 'CAST', 'PRELU', 'MAXIMUM'],
  ...['ARG_MAX', 'MINIMUM', 'LESS', 'NEG', 'PADV2', 'GREATER', 'GREATER_EQUAL', 'LESS_EQUAL', 'SELECT', 'SLICE', 'SIN'],
  ...['TRANSPOSE_CONV', 'SPARSE_TO_DENSE', 'TILE', 'EXPAND_DIMS', 'EQUAL', 'NOT_EQUAL', 'LOG', 'SUM', 'SQRT', 'RSQRT'],
  ...['SHAPE', 'POW', 'ARG_MIN', 'FAKE_QUANT', 'REDUCE_PROD', 'REDUCE_MAX', 'PACK', 'LOGICAL_OR', 'ONE_HOT'],
  ...['LOGICAL_AND', 'LOGICAL_NOT', 'UNPACK', 'REDUCE_MIN', 'FLOOR_DIV', 'REDUCE_ANY', 'SQUARE', 'ZEROS_LIKE', 'FILL'],
  ...['FLOOR_MOD', 'RANGE', 'RESIZE_NEAREST_NEIGHBOR', 'LEAKY_RELU', 'SQUARED_DIFFERENCE', 'MIRROR_PAD', 'ABS'],
  ...['SPLIT_V', 'UNIQUE', 'CEIL', 'REVERSE_V2', 'ADD_N', 'GATHER_ND', 'COS', 'WHERE', 'RANK', 'ELU'],
  ...['REVERSE_SEQUENCE', 'MATRIX_DIAG', 'QUANTIZE', 'MATRIX_SET_DIAG', 'ROUND', 'HARD_SWISH', 'IF', 'WHILE'],
  ...['NON_MAX_SUPPRESSION_V4', 'NON_MAX_SUPPRESSION_V5', 'SCATTER_ND', 'SELECT_V2', 'DENSIFY', 'SEGMENT_SUM'],
  ...['BATCH_MATMUL', 'PLACEHOLDER_FOR_GREATER_OP_CODES', 'CUMSUM', 'CALL_ONCE', 'BROADCAST_TO', 'RFFT2D', 'CONV_3D'],
  ...['IMAG', 'REAL', 'COMPLEX_ABS', 'HASHTABLE', 'HASHTABLE_FIND', 'HASHTABLE_IMPORT', 'HASHTABLE_SIZE'],
  ...['REDUCE_ALL', 'CONV_3D_TRANSPOSE', 'VAR_HANDLE', 'READ_VARIABLE', 'ASSIGN_VARIABLE', 'BROADCAST_ARGS'],
  ...['RANDOM_STANDARD_NORMAL', 'BUCKETIZE', 'RANDOM_UNIFORM', 'MULTINOMIAL', 'GELU', 'DYNAMIC_UPDATE_SLICE'],
  ...['RELU_0_TO_1'],
];
