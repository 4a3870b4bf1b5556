/** Every operator that traced graphs are made of: ONNX standard operators, and a few of `com.microsoft`. */
export type OperatorName =
  | ElementwiseOperator
  | TrigonometricOperator
  | ComparisonOperator
  | ShapeOperator
  | SlicingOperator
  | FillOperator
  | GatherOperator
  | LinearOperator
  | ConvolutionOperator
  | PoolingOperator
  | ReductionOperator
  | NormalizationOperator
  | SoftmaxOperator
  | ActivationOperator
  | ResizeOperator
  | DetectionOperator
  | BitwiseOperator
  | CompositeOperator
  | ControlOperator
  | FusedOperator
  | QuantizationOperator
  | RandomOperator
  | RearrangementOperator
  | RecurrentOperator
  | SamplingOperator
  | SignalOperator
  | TextOperator
  | ThresholdOperator

export type ElementwiseOperator =
  | 'Abs'
  | 'Add'
  | 'Ceil'
  | 'Clip'
  | 'Div'
  | 'Erf'
  | 'Exp'
  | 'Floor'
  | 'Identity'
  | 'Log'
  | 'Max'
  | 'Mean'
  | 'Min'
  | 'Mod'
  | 'Mul'
  | 'Neg'
  | 'Pow'
  | 'Reciprocal'
  | 'Round'
  | 'Sign'
  | 'Sqrt'
  | 'Sub'
  | 'Sum'

export type TrigonometricOperator =
  | 'Acos'
  | 'Acosh'
  | 'Asin'
  | 'Asinh'
  | 'Atan'
  | 'Atanh'
  | 'Cos'
  | 'Cosh'
  | 'Sin'
  | 'Sinh'
  | 'Tan'

export type ComparisonOperator =
  | 'And'
  | 'Cast'
  | 'Equal'
  | 'Greater'
  | 'GreaterOrEqual'
  | 'IsInf'
  | 'IsNaN'
  | 'Less'
  | 'LessOrEqual'
  | 'Not'
  | 'Or'
  | 'Where'
  | 'Xor'

export type ShapeOperator =
  | 'Expand'
  | 'Flatten'
  | 'Reshape'
  | 'Shape'
  | 'Squeeze'
  | 'Tile'
  | 'Transpose'
  | 'Unsqueeze'

export type SlicingOperator = 'Concat' | 'Pad' | 'Slice' | 'Split' | 'Trilu'

export type FillOperator = 'ConstantOfShape' | 'Range'

export type GatherOperator =
  | 'Gather'
  | 'GatherElements'
  | 'GatherND'
  | 'NonZero'
  | 'OneHot'
  | 'ScatterElements'
  | 'ScatterND'

export type LinearOperator = 'Einsum' | 'Gemm' | 'MatMul'

export type ConvolutionOperator = 'Conv' | 'ConvTranspose'

export type PoolingOperator = 'AveragePool' | 'GlobalAveragePool' | 'GlobalMaxPool' | 'MaxPool'

export type ReductionOperator =
  | 'ArgMax'
  | 'ArgMin'
  | 'CumProd'
  | 'CumSum'
  | 'ReduceL1'
  | 'ReduceL2'
  | 'ReduceLogSum'
  | 'ReduceLogSumExp'
  | 'ReduceMax'
  | 'ReduceMean'
  | 'ReduceMin'
  | 'ReduceProd'
  | 'ReduceSum'
  | 'ReduceSumSquare'
  | 'TopK'

export type NormalizationOperator =
  | 'BatchNormalization'
  | 'GroupNormalization'
  | 'InstanceNormalization'
  | 'LayerNormalization'

export type SoftmaxOperator = 'LogSoftmax' | 'Softmax'

export type ActivationOperator =
  | 'Celu'
  | 'Elu'
  | 'Gelu'
  | 'HardSigmoid'
  | 'HardSwish'
  | 'LeakyRelu'
  | 'Mish'
  | 'PRelu'
  | 'Relu'
  | 'Selu'
  | 'Sigmoid'
  | 'Softplus'
  | 'Softsign'
  | 'Tanh'

export type ResizeOperator = 'Resize'

export type DetectionOperator = 'NonMaxSuppression' | 'RoiAlign'

export type BitwiseOperator = 'BitShift' | 'BitwiseAnd' | 'BitwiseNot' | 'BitwiseOr' | 'BitwiseXor'

export type CompositeOperator =
  | 'Attention'
  | 'Det'
  | 'LRN'
  | 'LpNormalization'
  | 'MeanVarianceNormalization'
  | 'NegativeLogLikelihoodLoss'
  | 'RMSNormalization'
  | 'RotaryEmbedding'
  | 'SoftmaxCrossEntropyLoss'

export type ControlOperator = 'If' | 'Loop' | 'Scan'

/** Operators of ONNX Runtime that stand for several of the standard. */
export type FusedOperator = 'MultiHeadAttention'

export type QuantizationOperator =
  | 'ConvInteger'
  | 'DequantizeLinear'
  | 'DynamicQuantizeLinear'
  | 'DynamicQuantizeMatMul'
  | 'GatherBlockQuantized'
  | 'MatMulInteger'
  | 'MatMulNBits'
  | 'QLinearConv'
  | 'QLinearMatMul'
  | 'QuantizeLinear'

export type RandomOperator =
  | 'Bernoulli'
  | 'Dropout'
  | 'Multinomial'
  | 'RandomNormal'
  | 'RandomNormalLike'
  | 'RandomUniform'
  | 'RandomUniformLike'

export type RearrangementOperator =
  | 'BitCast'
  | 'CastLike'
  | 'Compress'
  | 'DepthToSpace'
  | 'EyeLike'
  | 'ReverseSequence'
  | 'Scatter'
  | 'Size'
  | 'SpaceToDepth'
  | 'Unique'

export type RecurrentOperator = 'GRU' | 'LSTM' | 'RNN'

export type SamplingOperator =
  | 'AffineGrid'
  | 'CenterCropPad'
  | 'Col2Im'
  | 'DeformConv'
  | 'GlobalLpPool'
  | 'GridSample'
  | 'LpPool'
  | 'MaxRoiPool'
  | 'MaxUnpool'
  | 'TensorScatter'
  | 'Upsample'

export type SignalOperator =
  | 'BlackmanWindow'
  | 'DFT'
  | 'HammingWindow'
  | 'HannWindow'
  | 'MelWeightMatrix'
  | 'STFT'

export type TextOperator =
  | 'RegexFullMatch'
  | 'StringConcat'
  | 'StringNormalizer'
  | 'StringSplit'
  | 'TfIdfVectorizer'

export type ThresholdOperator = 'Hardmax' | 'Shrink' | 'Swish' | 'ThresholdedRelu'
