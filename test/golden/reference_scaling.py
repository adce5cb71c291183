"""Seeded weights for a network that was just built, scaled layer by layer on a batch of pictures.

Convolutions keep the size of what they read, batch norms have the statistics of what they see, and the head's outputs
spread, so that probabilities differ between pictures. Batch norms have an offset near 1 and a gain near 1/2: around 0, each
layer of a deep random network would make rounding errors larger, until no two libraries agree. For the same reason kernels
are largest in their middle, and a channel that hardly varies is not scaled up to one that does.
"""
import numpy as np

HEAD_DEVIATION = 1.2
EDGE = 0.3


def random_kernel(random, shape, fan_in, window_axes):
    kernel = random.normal(0, 1 / np.sqrt(max(fan_in, 1)), shape)
    height, width = (shape[axis] for axis in window_axes) if window_axes else (1, 1)
    if height * width > 1:
        weight = np.full((height, width), EDGE)
        weight[height // 2, width // 2] = 1
        kernel *= weight.reshape([shape[axis] if axis in window_axes else 1 for axis in range(len(shape))])
    return kernel


def channel_scale(outputs, random, is_head):
    """The factor and the offset for each channel (the last axis) that give it the wanted mean and deviation."""
    flat = np.float64(outputs).reshape(-1, outputs.shape[-1])
    target, shift, floor = (HEAD_DEVIATION, 1.5, 0) if is_head else (1, 0.4, 2)
    deviation = np.maximum(flat.std(0) + 1e-6, floor * np.sqrt((flat**2).mean()))
    mean = random.normal(0, shift, flat.shape[-1]) * target
    factor = target / deviation
    return factor.astype(np.float32), (mean - flat.mean(0) * factor).astype(np.float32)


def norm_parameters(inputs, random):
    """gamma, beta, mean, variance of a batch norm that sees `inputs` (channels last)."""
    flat = np.float64(inputs).reshape(-1, inputs.shape[-1])
    channels = flat.shape[-1]
    mean = flat.mean(0) + random.normal(0, 0.1, channels) * flat.std(0)
    variance = flat.var(0) * random.uniform(0.7, 1.4, channels) + 1e-4
    return random.uniform(0.7, 1.3, channels) * 0.5, random.normal(1, 0.2, channels), mean, variance


def scale_keras(model, pictures, seed):
    """Of Keras 2. Calls of layers are watched; the first run tells which layer is the head."""
    random = np.random.default_rng(seed)
    kernels = {'Conv2D': 'kernel', 'DepthwiseConv2D': 'depthwise_kernel', 'SeparableConv2D': 'pointwise_kernel', 'Dense': 'kernel'}
    kind_of = lambda layer: type(layer).__name__
    order, head = [], []

    def put(variable, value):
        variable.assign(np.asarray(value, np.float32).reshape(variable.shape))

    def draw(layer):
        if kind_of(layer) == 'SeparableConv2D':
            shape = tuple(layer.depthwise_kernel.shape)
            put(layer.depthwise_kernel, random_kernel(random, shape, shape[0] * shape[1], ()))
        kernel = getattr(layer, kernels[kind_of(layer)])
        shape = tuple(kernel.shape)
        is_depthwise = kind_of(layer) == 'DepthwiseConv2D'
        fan_in = shape[0] * shape[1] if is_depthwise else np.prod(shape[:-1])
        put(kernel, random_kernel(random, shape, fan_in, (0, 1) if len(shape) == 4 else ()))

    def fit_kernel(layer, call, arguments):
        activation, layer.activation = layer.activation, lambda value: value
        outputs = np.asarray(call(*arguments[0], **arguments[1]))
        layer.activation = activation
        factor, offset = channel_scale(outputs, random, layer in head)
        kernel = getattr(layer, kernels[kind_of(layer)])
        value = np.asarray(kernel)
        put(kernel, value * (factor.reshape(value.shape[2:]) if kind_of(layer) == 'DepthwiseConv2D' else factor))
        if layer.use_bias:
            put(layer.bias, offset)

    def fit_norm(layer, inputs):
        gamma, beta, mean, variance = norm_parameters(np.asarray(inputs), random)
        put(layer.moving_mean, mean)
        put(layer.moving_variance, variance)
        if layer.scale:
            put(layer.gamma, gamma)
        if layer.center:
            put(layer.beta, beta)

    def watch(layer):
        original = layer.call

        def call(*positional, **named):
            if layer not in order:
                order.append(layer)
                if kind_of(layer) in kernels:
                    draw(layer)
                    if head:
                        fit_kernel(layer, original, (positional, named))
                elif head and kind_of(layer) == 'BatchNormalization':
                    fit_norm(layer, positional[0])
            return original(*positional, **named)

        object.__setattr__(layer, 'call', call)

    watched = [layer for layer in model.layers if layer.weights]
    for layer in watched:
        watch(layer)
    model(pictures[:1], training=False)
    head.append([layer for layer in order if kind_of(layer) in kernels][-1])
    order.clear()
    model(pictures, training=False)
    for layer in watched:
        del layer.__dict__['call']


def scale_torch(network, pictures, seed):
    """The same of PyTorch; `pictures` are N x C x H x W."""
    import torch

    random = np.random.default_rng(seed)
    kernels = (torch.nn.Conv2d, torch.nn.Linear)
    order, head = [], []

    def put(parameter, value):
        parameter.data = torch.from_numpy(np.asarray(value, np.float32).reshape(tuple(parameter.shape)))

    def channels_last(value):
        value = value.numpy()
        return np.moveaxis(value, 1, -1) if value.ndim == 4 else value

    def watch(module, inputs, _):
        if module in order:
            return None
        order.append(module)
        if isinstance(module, kernels):
            shape = tuple(module.weight.shape)
            value = random_kernel(random, shape, np.prod(shape[1:]), (2, 3) if len(shape) == 4 else ())
            put(module.weight, value)
            if module.bias is not None:
                put(module.bias, np.zeros(shape[0]))
            if head:
                factor, offset = channel_scale(channels_last(module.forward(*inputs)), random, module in head)
                put(module.weight, value * factor.reshape([-1] + [1] * (len(shape) - 1)))
                if module.bias is not None:
                    put(module.bias, offset)
        elif head:
            gamma, beta, mean, variance = norm_parameters(channels_last(inputs[0]), random)
            put(module.weight, gamma)
            put(module.bias, beta)
            put(module.running_mean, mean)
            put(module.running_var, variance)
        return module.forward(*inputs)

    watched = [module for module in network.modules() if isinstance(module, (*kernels, torch.nn.BatchNorm2d))]
    hooks = [module.register_forward_hook(watch) for module in watched]
    batch = torch.from_numpy(np.ascontiguousarray(pictures, np.float32))
    with torch.no_grad():
        network(batch[:2])
        head.append([module for module in order if isinstance(module, kernels)][-1])
        order.clear()
        network(batch)
    for hook in hooks:
        hook.remove()
