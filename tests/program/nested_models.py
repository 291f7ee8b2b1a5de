"""Files as Keras 3 writes them of models whose layers are models or are used twice, with what such a model predicts, worked out here. Writes into the
folder at hand; `nested_models.py check FILE.npz PREDICTION.h5` compares."""
import json
import sys

import h5py
import numpy as np

rng = np.random.default_rng(7)
ROWS = 11


def dense(name, units, activation='linear', trainable=True, inbound=None):
    entry = {'module': 'keras.layers', 'class_name': 'Dense', 'registered_name': None,
             'config': {'name': name, 'trainable': trainable, 'units': units, 'activation': activation, 'use_bias': True}}
    if inbound is not None:
        entry['name'], entry['inbound_nodes'] = name, inbound
    return entry


def tensor(layer, node=0, which=0):
    return {'class_name': '__keras_tensor__', 'config': {'shape': [None, 1], 'dtype': 'float32', 'keras_history': [layer, node, which]}}


def call(*tensors):
    return {'args': [list(tensors) if len(tensors) > 1 else tensors[0]], 'kwargs': {}}


def input_layer(name, units, functional):
    entry = {'module': 'keras.layers', 'class_name': 'InputLayer', 'registered_name': None,
             'config': {'batch_shape': [None, units], 'dtype': 'float32', 'name': name}}
    if functional:
        entry['name'], entry['inbound_nodes'] = name, []
    return entry


def model(class_name, name, layers, **more):
    return {'module': 'keras', 'class_name': class_name, 'registered_name': None, 'config': {'name': name, 'trainable': True, 'layers': layers, **more}}


def part(of, name, inbound):
    return {**of, 'config': {**of['config'], 'name': name}, 'name': name, 'inbound_nodes': inbound}


def kernel(n, m):
    return rng.normal(size=(n, m)).astype('f4'), rng.normal(size=m).astype('f4')


def save(path, config, groups):
    with h5py.File(path, 'w') as f:
        f.attrs['keras_version'], f.attrs['backend'] = '3.15.1', 'tensorflow'
        f.attrs['model_config'] = json.dumps(config)
        root = f.create_group('model_weights')
        root.attrs['layer_names'] = [name.encode() for name, _ in groups]
        root.attrs['keras_version'], root.attrs['backend'] = '3.15.1', 'tensorflow'
        for name, weights in groups:
            group = root.create_group(name)
            group.attrs['weight_names'] = np.array([f'w{i}'.encode() for i in range(len(weights))])
            for i, w in enumerate(weights):
                group[f'w{i}'] = w


def relu(x):
    return np.maximum(x, 0)


def normalized(x, gamma, beta, mean, variance):
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def remember(name, inputs, y):
    np.savez(name + '.npz', y=y.astype('f4'))
    with h5py.File(name + '.data.h5', 'w') as f:
        for key, x in inputs.items():
            f[key] = x


def siamese(file, functional):
    """One encoder (with batch normalization, whose statistics come last in its group) on two inputs, and a dense layer used twice behind it. The
    calls of a Functional count from 1, its own making being the first."""
    (w1, b1), (w2, b2), (ws, bs), (wo, bo) = kernel(4, 5), kernel(5, 3), kernel(3, 3), kernel(6, 1)
    bn = [rng.uniform(0.5, 2, 5).astype('f4') for _ in range(4)]
    norm = {'module': 'keras.layers', 'class_name': 'BatchNormalization', 'registered_name': None,
            'config': {'name': 'norm', 'trainable': True, 'axis': -1, 'momentum': 0.99, 'epsilon': 0.001, 'center': True, 'scale': True}}
    if functional:
        norm = {**norm, 'name': 'norm', 'inbound_nodes': [call(tensor('one'))]}
        encoder = model('Functional', 'encoder', [input_layer('seen', 4, True), dense('one', 5, 'relu', inbound=[call(tensor('seen'))]), norm,
                                                  dense('two', 3, 'tanh', inbound=[call(tensor('norm'))])],
                        input_layers=['seen', 0, 0], output_layers=['two', 0, 0])
    else:
        encoder = model('Sequential', 'encoder', [input_layer('seen', 4, False), dense('one', 5, 'relu'), norm, dense('two', 3, 'tanh')])
    shared = dense('shared', 3, 'relu', inbound=[call(tensor('encoder', functional)), call(tensor('encoder', 1 + functional))])
    both = {'module': 'keras.layers', 'class_name': 'Concatenate', 'registered_name': None, 'config': {'name': 'both', 'trainable': True, 'axis': -1},
            'name': 'both', 'inbound_nodes': [call(tensor('shared', 1), tensor('shared', 0))]}
    config = model('Functional', 'siamese', [
        input_layer('left', 4, True), input_layer('right', 4, True), part(encoder, 'encoder', [call(tensor('left')), call(tensor('right'))]),
        shared, both, dense('out', 1, inbound=[call(tensor('both'))])],
        input_layers=[['left', 0, 0], ['right', 0, 0]], output_layers=['out', 0, 0])
    save(file + '.h5', config, [('left', []), ('right', []), ('encoder', [w1, b1, bn[0], bn[1], w2, b2, bn[2], bn[3]]), ('shared', [ws, bs]),
                                ('both', []), ('out', [wo, bo])])
    x = {name: rng.normal(size=(ROWS, 4)).astype('f4') for name in ('left', 'right')}

    def encode(a):
        return relu(np.tanh(normalized(relu(a @ w1 + b1), *bn) @ w2 + b2) @ ws + bs)
    remember(file, x, np.concatenate([encode(x['right']), encode(x['left'])], 1) @ wo + bo)


def autoencoder():
    """A path of two models; the first one's second layer is frozen, so its weights stand last in the group."""
    (w1, b1), (w2, b2), (w3, b3) = kernel(4, 6), kernel(6, 2), kernel(2, 4)
    encoder = model('Sequential', 'encoder', [input_layer('seen', 4, False), dense('a', 6, 'relu', trainable=False), dense('b', 2)])
    decoder = model('Functional', 'decoder', [input_layer('code', 2, True), dense('c', 4, 'sigmoid', inbound=[call(tensor('code'))])],
                    input_layers=['code', 0, 0], output_layers=['c', 0, 0])
    config = model('Sequential', 'path', [input_layer('x', 4, False), encoder, decoder])
    save('autoencoder.h5', config, [('encoder', [w2, b2, w1, b1]), ('decoder', [w3, b3])])
    x = rng.normal(size=(ROWS, 4)).astype('f4')
    remember('autoencoder', {'x': x}, 1 / (1 + np.exp(-((relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3))))


if sys.argv[1:2] == ['check']:
    wanted, (name, got) = np.load(sys.argv[2])['y'], ('y', h5py.File(sys.argv[3])['y'][:])
    error = np.abs(wanted - got).max() / np.abs(wanted).max()
    sys.exit(f'{name} is {error:.1e} off' if not error < 1e-6 or wanted.shape != got.shape else 0)
siamese('siamese', 0)
siamese('functional', 1)
autoencoder()
