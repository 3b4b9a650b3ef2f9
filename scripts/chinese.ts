import type { Dictionary } from './language';

/**
 * The tables' words in Chinese. n8n itself shows labels and options in English, so labels keep their
 * English name and are explained; a sentence stands without its full stop.
 */
export const chinese: Dictionary = {
	labels: {
		Provider: '平台',
		Model: '模型',
		'Custom Model': '自定义模型',
		Prompt: '提示词',
		'Reference Image URLs': '参考图链接',
		'Reference Image Fields': '参考图所在的字段',
		'Aspect Ratio': '画面比例',
		Width: '宽',
		Height: '高',
		Resolution: '分辨率',
		Quality: '画质',
		'Number of Images': '图片张数',
		'Continue When': '何时进入下一步',
		'Download Images': '下载图片',
		'Put Output in Field': '图片放入哪个字段',
		Output: '输出方式',
		'Ask for Count': '在提示词里写明张数',
		'Callback URL': '回调地址',
		'Extra Body': '附加请求参数',
		'Max Images': '组图张数上限',
		'Prompt Optimization': '提示词优化',
		'Send Binary As': '图片发送方式',
		'Sequential Image Generation': '组图生成',
		Watermark: '水印',
		'Check References': '检查参考图链接',
		Concurrency: '并发数',
		'File Name': '文件名',
		'Poll Interval': '查询间隔',
		Simplify: '精简输出',
		Timeout: '超时时间',
		'Task ID': '任务 ID',
		'API Key': 'API 密钥',
		'Base URL': '接口地址',
		'Files Base URL': '文件接口地址',
	},
	texts: {
		// Headings
		Provider: '平台',
		Model: '模型',
		Resolution: '分辨率',
		'Images a row': '每行张数',
		'Reference images': '参考图张数',
		'List price an image': '每张标价',
		Field: '字段',
		Values: '可填内容',
		'What it is for': '用途',
		'What it takes': '可填内容',
		"The provider's name for it": '平台参数名',
		Credential: '凭证',
		Default: '默认值',
		Code: '错误码',
		'What happened': '发生了什么',
		'What to do': '怎么办',
		Charged: '是否扣费',

		// Values
		no: '否',
		yes: '是',
		unknown: '不确定',
		text: '文本',
		'a JSON object': 'JSON 对象',
		'on or off; on by default': '开 / 关，默认开',
		'on or off; off by default': '开 / 关，默认关',
		'a number from {min}': '不小于 {min} 的数',
		'a whole number from {min}': '不小于 {min} 的整数',
		'{min} to {max}': '{min} 到 {max}',
		'default: {value}': '默认：{value}',
		'{option} (default)': '{option}（默认）',
		'{option}: {meaning}': '{option}：{meaning}',
		'see the table of the model': '取决于模型，见下文各模型的表格',
		'only for {names}': '仅限 {names}',
		'not for {names}': '{names} 除外',
		'when {field} is on': '{field} 打开时显示',
		'when {field} is {value}': '{field} 选 {value} 时显示',
		'{credits} credits': '{credits} 积分',
		'not published in credits': '未公布积分价',
		'{min} to {max} characters': '{min} 到 {max} 个字符',
		'the provider names no limit': '平台没有公布上限',
		'{min} to {max} images': '{min} 到 {max} 张',
		uploaded: '上传文件',
		'as a signed link': '以签名链接提供',
		'or a size in pixels': '或像素尺寸',
		'also: {names}': '也可写作：{names}',
		'each: {formats}; at most {megabytes} MB; sides from {side} pixels; at most {pixels} pixels in all; one side at most {ratio} times the other':
			'每张：{formats}；不超过 {megabytes} MB；每边不少于 {side} 像素；总像素不超过 {pixels}；长边不超过短边的 {ratio} 倍',
		'uploaded to the provider, which keeps them for {hours} hours: {formats}':
			'上传到平台，平台保留 {hours} 小时：{formats}',
		'the provider gets a link that n8n signs; n8n needs a public HTTPS address':
			'平台拿到的是 n8n 签名的链接，因此 n8n 必须有公网 HTTPS 地址',
		'this model takes none': '该模型不支持参考图',
		'or a size in pixels: {min} to {max} pixels in all, one side at most {ratio} times the other':
			'或以像素指定尺寸：总像素 {min} 到 {max}，长边不超过短边的 {ratio} 倍',
		'an address that starts with https://, at most {max} characters':
			'以 https:// 开头的地址，不超过 {max} 个字符',

		// Fields
		'The provider that makes the images': '由哪个平台生成图片',
		'Each has its own credential, models and prices': '各平台的凭证、模型和价格都不相同',
		'The version of Seedream to use': '使用哪个版本的 Seedream',
		"The model's ID as the provider writes it": '平台文档里写的模型 ID',
		'Its limits are not known here, so nothing but the kind of each field is checked':
			'节点不知道它的限制，因此只检查各字段的类型',
		'What the image shows, or how to change the reference images':
			'描述画面内容，或说明怎样修改参考图',
		'Any language': '中文、英文等语言均可',
		'Public links to images to start from: one, several separated by comma, semicolon or new line, a JSON array, or an expression that gives an array':
			'参考图的公开链接：一个，或用逗号、分号、换行分隔的多个，也可以是 JSON 数组或返回数组的表达式',
		'The names of the input binary fields, comma-separated':
			'填写输入数据的二进制字段名，多个用逗号分隔',
		'Images of the row to start from; they come after those of Reference Image URLs':
			'作为参考图的文件来自这一行，排在 Reference Image URLs 的图片之后',
		'An expression may also give binary data itself': '也可以用表达式直接给出二进制数据',
		"The provider's page for Seedream 4.0 names JPEG and PNG up to a ratio of 3:1 only; its newer documentation counts here":
			'平台的 Seedream 4.0 页面只写了 JPEG、PNG 且长宽比不超过 3:1；这里以平台较新的文档为准',
		'The shape of the image': '画面的长宽比例',
		'From a spreadsheet, "16 : 9", "16：9", "16/9" and "16:09" all mean 16:9':
			'从表格读取时，“16 : 9”“16：9”“16/9”和“16:09”都按 16:9 处理',
		'A size in pixels, such as "2048×2048", is taken here as well':
			'这里也可以直接写像素尺寸，例如“2048×2048”',
		'Auto takes the ratio of the reference image, so it needs one':
			'auto 沿用参考图的比例，因此必须有参考图',
		'In pixels': '单位为像素',
		'How large the image is': '图片的大小',
		'Small and capital letters are the same': '不区分大小写',
		'How many images to make from this prompt': '用这条提示词生成几张图片',
		'From a spreadsheet, "3" may be text': '从表格读取时，文本格式的“3”也可以',
		'At most this many images: the prompt itself has to ask for several, e.g. "generate 3 different images"':
			'这是张数上限：要得到多张，提示词里必须写明，例如“请生成 3 张不同的图片”',
		'You pay for the images that come': '按实际生成的张数扣费',
		'Several images need at least one reference image: without one, this provider makes a single image':
			'要得到多张，至少需要一张参考图；没有参考图时，该平台只生成一张',
		'Waits in this node and hands on the images': '在本节点内等待，完成后输出图片',
		'Hands on the task ID at once, for Seedream Task Status to fetch the images later':
			'立即输出任务 ID，之后由 Seedream Task Status 取回图片',
		'Whether to fetch the image files into n8n': '是否把图片文件下载到 n8n',
		'The links alone stop working after 24 hours': '只保留链接的话，24 小时后就会失效',
		'The name of the output binary field to put the file in': '图片文件存放在哪个二进制字段',
		'Each image is an item of its own: the next node handles them one by one':
			'每张图片是一个单独的数据项，下一个节点逐张处理',
		'All images of a row are in one item, as data, data_1, data_2 and so on':
			'一行的所有图片放在同一个数据项里，字段依次为 data、data_1、data_2 等',
		'Whether to add a sentence to the prompt that asks for the number of images, in Chinese to a Chinese prompt, else in English':
			'是否在提示词末尾补一句话写明张数：提示词是中文就补中文，否则补英文',
		'A public HTTPS address that the provider tells when the task is done':
			'任务结束时由平台通知的公网 HTTPS 地址',
		'The provider adds /callback to this address': '平台会在这个地址后面加上 /callback',
		'A JSON object merged into the request last, for settings that the provider has and this node has not':
			'最后合并进请求的 JSON 对象，用于平台支持而本节点没有的参数',
		'It may not hold prompt or model: they have fields of their own':
			'其中不能有 prompt 和 model，它们各有专门的字段',
		'How many images the set may have, when Sequential Image Generation is Auto':
			'Sequential Image Generation 选 Auto 时，一组最多几张',
		'How the provider may improve the prompt: Fast saves time, Standard looks better':
			'平台怎样优化提示词：Fast 更快，Standard 效果更好',
		"Gives the files to the provider's own storage, which keeps them for 72 hours":
			'把文件上传到平台的存储空间，保留 72 小时',
		'Writes the files into the request: nothing is stored, but large files need memory':
			'把文件直接写进请求：平台不存储，但大文件会占用内存',
		'How the images of Reference Image Fields get to the provider':
			'Reference Image Fields 里的图片怎样交给平台',
		'Leaves the choice to the provider': '由平台决定',
		'Whether to make a set of images that belong together': '是否生成一组相互关联的图片',
		'Whether the provider puts a watermark on the image': '平台是否在图片上加水印',
		'Whether to look at the reference links before anything is spent: they must answer, and be images within the limits of the model':
			'扣费之前是否先检查参考图链接：链接要能打开，且图片符合模型的限制',
		'How many tasks may be at work at the same time': '最多同时进行多少个任务',
		'0 takes on more as long as the provider accepts them': '0 表示只要平台接受就不断增加',
		'How to name the files, without the extension': '文件名，不含扩展名',
		'Placeholders: {row}, {image}, {number}, {taskId}, {provider}, {model}, {prompt}, {date}':
			'可用占位符：{row}、{image}、{number}、{taskId}、{provider}、{model}、{prompt}、{date}',
		'The shortest time between two questions whether a task is done, in seconds':
			'两次查询同一任务之间的最短间隔，单位为秒',
		'0 leaves it to the node': '0 表示由节点决定',
		'Whether to return a simplified version of the response instead of the raw data':
			'是否只输出整理后的结果；关闭后，平台的原始响应也会放在 raw 里',
		'Seconds to wait for a task': '等待一个任务的最长时间，单位为秒',
		'A task that takes longer is not lost: Seedream Task Status fetches it by its ID':
			'超时的任务不会丢失，可以用 Seedream Task Status 凭任务 ID 取回',
		'The ID that Seedream Generate handed on: one, several separated by comma, semicolon or new line, a JSON array, or an expression that gives an array':
			'Seedream Generate 输出的任务 ID：一个，或用逗号、分号、换行分隔的多个，也可以是 JSON 数组或返回数组的表达式',
		'Asks once and hands on the status, even if the task has failed':
			'只查询一次并输出状态，任务失败也照样输出',
		'Waits until the task is done; a task that has failed is an error':
			'等到任务完成；任务失败则报错',
		'From the EvoLink dashboard, under API Keys': '在 EvoLink 控制台的 API Keys 页面获取',
		'From the APIMart site, under API Keys': '在 APIMart 网站的 API Keys 页面获取',
		'From the API in One dashboard': '在 API in One 控制台获取',
		'It starts with aio_': '以 aio_ 开头',
		'Change it only to reach the provider through a proxy': '只有通过代理访问平台时才需要修改',
		'Where reference images are uploaded to': '参考图上传到这里',

		// Errors: what happened
		'The provider refused the request': '平台拒绝了这个请求',
		'The provider did not accept the API key': '平台不认可这个 API 密钥',
		'The provider has no credit left on this account': '账户余额不足',
		'The provider does not allow this API key to do that': '这个 API 密钥没有相应权限',
		'The provider does not know this task': '平台查不到这个任务',
		'The provider waited for the request in vain': '平台没有等到完整的请求',
		'The provider has an earlier request that this one contradicts':
			'平台之前收到过一个与此冲突的请求',
		'The provider finds the request too large': '请求太大，平台不接受',
		'The provider gets too many requests': '请求过于频繁',
		'The provider has a problem of its own': '平台内部出错',
		'The provider cannot reach the service behind it': '平台连不上它的上游服务',
		'The provider is not available at the moment': '平台暂时不可用',
		'The provider got no answer in time from the service behind it': '平台的上游服务没有及时响应',
		'The provider stopped the image because of its content policy': '内容违反平台规定，图片被拦截',
		'The provider could not use the parameters': '参数不符合平台要求',
		'The provider could not read a reference image': '平台读取不了某张参考图',
		'The provider could not use the size of a reference image': '某张参考图的尺寸不符合要求',
		'The provider says that the task was cancelled': '平台显示任务已取消',
		'The provider made no image of this prompt': '这条提示词没有生成出图片',
		'The provider gave up because the image took too long': '生成时间过长，平台放弃了任务',
		'The provider has no capacity left': '平台资源不足',
		'The provider has used up its quota': '平台的配额已用完',
		'The provider could not find something that the task needs': '平台找不到任务所需的资源',
		'The provider had a problem of its own': '平台内部出错',
		'The provider was not available': '平台当时不可用',
		'The provider could not make the image': '平台没能生成图片',
		'The provider could not make the image and does not say why':
			'平台没能生成图片，也没有说明原因',
		'The provider is still working on an earlier request for this row':
			'这一行之前的请求，平台还在处理',
		'The provider does not know what became of an earlier request for this row':
			'这一行之前的请求结果如何，平台自己也不清楚',
		'The provider already has another request for this row': '平台已收到过这一行的另一个请求',
		'The provider could not check whether it has this request already, and made nothing':
			'平台无法确认是否已收到过这个请求，因此没有生成图片',
		'The provider has no credit left for this API key': '这个 API 密钥的额度已用完',
		'The provider takes no more from this API key today': '这个 API 密钥已达到当天的上限',
		'The provider does not accept this API key for that': '这个 API 密钥不能用于这个请求',
		'The provider has nothing free for this model at the moment': '这个模型暂时没有可用的资源',
		'The provider could not open a reference image': '平台打不开某张参考图',
		'The provider finds the file too large': '文件太大，平台不接受',
		'The provider does not take files of this type': '平台不接受这种类型的文件',
		'The provider keeps too many files of yours already': '你在平台上存放的文件太多',
		'The provider could not use the address of the file': '平台无法使用这个文件的地址',
		'The provider could not store the file': '平台没能保存文件',
		'Something in the row cannot be right; the message names every such field':
			'这一行填写有误；错误信息会列出每个有问题的字段',
		'No credential is selected for the provider of the row': '这一行所用的平台没有选择凭证',
		'n8n cannot read the credential: it was deleted, or encrypted with another key':
			'n8n 读不出这个凭证：它已被删除，或是用另一个密钥加密的',
		'The base URL in the credential is not an address': '凭证里的 Base URL 不是有效的网址',
		'The address in the base URL has moved': 'Base URL 指向的网址已经搬走',
		'A reference image is not there any more': '参考图文件已经不在了',
		'Two different reference images came back from their upload with the same link':
			'两张不同的参考图上传后，平台给出了同一个链接',
		'The provider could not be reached': '连接不上平台',
		'The connection broke off before the provider answered': '平台还没有响应，连接就断开了',
		'The provider refused so many rows before this one that it was not sent':
			'平台已连续拒绝前面的许多行，因此这一行没有发送',
		'An earlier try sent the row and lost the answer': '之前发送过这一行，但没有收到平台的响应',
		'The task of an earlier try made no image, and may be charged all the same':
			'之前的任务没有生成图片，但可能已经扣费',
		'The provider answered something that this node does not understand':
			'平台返回了节点无法识别的内容',
		'The task takes longer than Timeout allows; it goes on':
			'任务耗时超过了 Timeout，但仍在平台上继续',
		'The image was made, but its file could not be fetched': '图片已生成，但文件下载失败',

		// Errors: what to do
		'Change what the message names and run again': '按错误信息修改后重新运行',
		'Open the credential, paste the key again and save it: n8n tests it then':
			'打开凭证，重新粘贴密钥并保存，n8n 会随即测试',
		'Top up the account and run again': '充值后重新运行',
		"Check in the provider's dashboard that the key may use this model":
			'到平台控制台确认该密钥可以使用这个模型',
		'Check the task ID, the provider and the account': '检查任务 ID、平台和账户是否正确',
		'Providers forget old tasks': '平台不会永久保留旧任务',
		"Look in the provider's list of tasks whether it has the image":
			'到平台的任务列表里查看图片是否已经生成',
		'Use smaller reference images': '换用更小的参考图',
		'Use a smaller image': '换用更小的图片',
		'Use a JPEG, PNG, GIF or WebP image': '换用 JPEG、PNG、GIF 或 WebP 图片',
		"Delete files in the provider's dashboard, or wait: it deletes them after 72 hours":
			'到平台控制台删除文件，或等待：平台会在 72 小时后自动删除',
		'Reference Image URLs need no upload': '用 Reference Image URLs 填写链接则不需要上传',
		'Lower Concurrency in the options, or run again later':
			'在 Options 里调低 Concurrency，或稍后重新运行',
		"Look at the provider's status page and run again later": '查看平台的状态页，稍后重新运行',
		'Run again later': '稍后重新运行',
		'Wait a few minutes, then press Retry in the list of executions: it asks again under the same key, without paying twice':
			'等几分钟，再到执行列表里点击 Retry：会用同一个幂等键再次请求，不会重复付费',
		"Look in the provider's list of tasks first: the image may be there":
			'先到平台的任务列表里核对，图片可能已经生成',
		'What that request made may be charged: look for it in the list of tasks':
			'那个请求生成的图片可能已经扣费，请到任务列表里查找',
		'To make this row all the same, put it into an execution of its own':
			'仍要生成这一行，就把它放到一次新的执行里',
		"Raise the key's limit in the provider's dashboard, or use another key":
			'到平台控制台调高密钥的额度，或换一个密钥',
		"Wait until the key's daily limit is reset, which is mostly at midnight, or raise it in the provider's dashboard":
			'等到每日上限重置（一般在零点），或到平台控制台调高上限',
		"Look at the key in the provider's dashboard: it may be disabled or expired, or not be allowed to use this model or to call from this address":
			'到平台控制台查看这个密钥：可能已停用或过期，也可能不允许使用这个模型，或不允许从当前地址调用',
		'Run the row again later, or choose another model': '稍后重新运行这一行，或换一个模型',
		'Reword the prompt, or use other reference images': '修改提示词，或换用其他参考图',
		'Compare the fields with the limits of the model': '对照模型的限制检查各字段',
		'Open the reference links in a private browser window: they must show an image':
			'在浏览器的无痕窗口里打开参考图链接，必须能直接看到图片',
		'Use reference images within the limits of the model': '换用符合模型限制的参考图',
		'Run the row again': '重新运行这一行',
		'Reword the prompt: say more clearly what the image shows': '修改提示词，把画面描述得更清楚',
		'Run the row again, with a lower resolution if it happens every time':
			'重新运行这一行；如果每次都这样，就降低分辨率',
		'Run the row again later': '稍后重新运行这一行',
		"Look at the account in the provider's dashboard, or run the row again later":
			'到平台控制台查看账户，或稍后重新运行这一行',
		'Check that the reference links still work': '检查参考图链接是否仍然有效',
		'If it fails every time, change the prompt': '如果每次都失败，就修改提示词',
		'Correct the row': '改正这一行',
		'Open the node and choose one': '打开节点，选择一个凭证',
		'Open the node and choose the credential again, or create a new one':
			'打开节点，重新选择凭证，或新建一个',
		'Open the credential and correct the Base URL': '打开凭证，改正 Base URL',
		'Put the new address, which the message names, into the Base URL of the credential':
			'把错误信息中给出的新网址填进凭证的 Base URL',
		'Run the workflow from the node that makes the file': '从生成该文件的节点开始重新运行',
		'Check the base URL in the credential and the network of this n8n':
			'检查凭证里的接口地址和 n8n 的网络',
		'Look in the list of tasks on the site of the provider before you send the row again':
			'重新发送这一行之前，先到平台网站的任务列表里核对',
		'Use links instead (Reference Image URLs), or run the row again later':
			'改用链接（Reference Image URLs），或稍后重新运行这一行',
		"Look in the provider's list of tasks": '到平台的任务列表里核对',
		'Retry in the list of executions makes the row again':
			'在执行列表里点击 Retry 会重新生成这一行',
		'Fetch it later with Seedream Task Status and the task ID, or raise Timeout':
			'稍后用 Seedream Task Status 凭任务 ID 取回，或调大 Timeout',
		'Fetch it with Seedream Task Status and the task ID within 24 hours':
			'24 小时内用 Seedream Task Status 凭任务 ID 取回',
	},
};
