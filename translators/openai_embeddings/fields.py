"""What becomes of each field of an embeddings request: the table that the code obeys."""

from collections.abc import Mapping
from typing import Literal

from translators.canonical import Purpose
from translators.fields import Lacks, Means, Own, Reads

READS: Reads = {
    "model": Means("EmbeddingRequest.model"),
    "input": Means("EmbeddingRequest.inputs", "several requests where a provider takes fewer inputs in one"),
    "input[]": Means("Tokens", "token ids"),
    "input[].image": Means("Image.source"),
    "input[].content": Means("Input.parts"),
    "input[].content[].type": Means("Input.parts"),
    "input[].content[].text": Means("Text"),
    "input[].content[].image_url": Means("Image"),
    "input[].content[].image_url.url": Means("Image.source"),
    "input[].content[].image_url.detail": Means("Image.detail"),
    "input[].text": Means("Text"),
    "input[].task_type": Means("Input.purpose"),
    "input[].title": Means("Input.title"),
    "messages": Means("EmbeddingRequest.inputs", "what users say, as one input"),
    "messages[].role": Means("Input.parts", "no other role than `user`"),
    "messages[].content": Means("Input.parts"),
    "messages[].content[].type": Means("Input.parts"),
    "messages[].content[].text": Means("Text"),
    "messages[].content[].image_url": Means("Image"),
    "messages[].content[].image_url.url": Means("Image.source"),
    "messages[].content[].image_url.detail": Means("Image.detail"),
    "dimensions": Means("EmbeddingRequest.dimensions"),
    "output_dimension": Means("EmbeddingRequest.dimensions"),
    "encoding_format": Means("EmbeddingRequest.encoding", "vectors are converted where need be"),
    "input_type": Means("EmbeddingRequest.purpose"),
    "task_type": Means("EmbeddingRequest.purpose"),
    "task": Means("EmbeddingRequest.purpose"),
    "title": Means("EmbeddingRequest.title"),
    "auto_truncate": Means("EmbeddingRequest.truncate"),
    "truncate": Means("EmbeddingRequest.truncate"),
    "truncation": Means("EmbeddingRequest.truncate"),
    "user": Means("EmbeddingRequest.user"),
    "output_dtype": Own("refused", harmless=("float",), note="vectors are of 32-bit numbers"),
    "embedding_type": Own("refused", harmless=("float",), note="vectors are of 32-bit numbers"),
    "late_chunking": Own("refused", harmless=(False,), note="an extension of Jina's"),
    "return_multivector": Own("refused", harmless=(False,), note="an extension of Jina's"),
    "normalized": Own("dropped", harmless=(True,), note="an extension of Jina's"),
    "normalize": Own("dropped", harmless=(True,), note="an extension of vLLM's"),
    "truncate_prompt_tokens": Own("dropped", note="an extension of vLLM's"),
}

LACKS: Lacks = {}

PURPOSES: Mapping[str, Purpose | None] = {
    "query": "query",
    "search_query": "query",
    "retrieval_query": "query",
    "document": "document",
    "passage": "document",
    "search_document": "document",
    "retrieval_document": "document",
    "retrieval_passage": "document",
    "similarity": "similarity",
    "semantic_similarity": "similarity",
    "text_matching": "similarity",
    "classification": "classification",
    "clustering": "clustering",
    "separation": "clustering",
    "question_answering": "question_answering",
    "fact_verification": "fact_verification",
    "code_query": "code_query",
    "code_retrieval_query": "code_query",
    "nl2code_query": "code_query",
    "image": None,  # Cohere's: what the input says by itself
    "task_type_unspecified": None,
}
"""The words of all vendors, in lower case and with underscores."""

CUTS: Mapping[str, Literal["none", "start", "end"]] = {
    "none": "none",
    "start": "start",
    "left": "start",
    "end": "end",
    "right": "end",
}
